"""Engines that users bring: face networks as ONNX files, described by a small manifest.

::

    manifest    what an engine is: its model, the input that it wants, its output, its detector; as TOML
    shelf       the data folder's engines: one manifest a name, models under their SHA-256, verified when read
    inspecting  an ONNX file, which nobody vouches for, to what may be known of it without running it
    network     such a model, ready to run
    frame       landmarks of any detector to the frame of 112x112 pixels that these networks expect
    yunet       OpenCV's YuNet as detector, and to place landmarks on a face that another detector found
    engine      all of these as an engine
    trying      an engine tried in a process of its own before it is taken
    adding      the way into the data folder
"""
