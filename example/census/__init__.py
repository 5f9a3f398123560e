"""A census of Python modules.  Read the files in this order: ``corpus``,
``features``, ``summary``, ``census``, which stacks them, then ``report`` and the
command line, ``demo.py``.

"""
