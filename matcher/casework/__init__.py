"""Cases, and the people who decide them: what becomes of a candidate list, kept so that it can be shown years later.

::

    officer --> confidentiality --> searching --> reviewing --> identifications --> answers --> statistics
       |              |                 |             |
       |           cases            galleries      controls
       `-- what each role may do        `-- whose lists may be used at all
"""
