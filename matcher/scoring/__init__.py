"""From similarities to candidates: normalised on the population, calibrated, aware of the gallery's size.

::

    likeness      similarity of two templates
    tail, spread  how similar strangers get to one template: two numbers, steadied
    population    templates of nobody, for galleries that are still small
    cohort, learning, normaliser    a gallery's crowd; the score of a probe against a template
    falsematch, likelihood, posterior    score to FPIR, likelihood ratio and competing confidences
    by_quality    the likelihood ratio, given the quality of the probe's photo
    calibration, calibrating, shipped    those laws as a file; fitted on known people; as they come with the program
    candidates    the list that a person looks at
    strangers     how much more alike this gallery's people are than those of the calibration
    fusion, strays, audit    several photos or engines; a photo unlike the others; look-alikes inside a gallery
    crowd, remembered, keeping    what one gallery teaches, also for people met before, and between starts
    rating, live  one search's list; the same for an operator's gallery as it is now, kept up while it changes
    opening       which population and calibration a gallery is scored with
    account, words    what an answer says of its scores
    normal        the normal distribution's tail
"""
