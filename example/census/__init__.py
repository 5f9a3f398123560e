"""A census of Python modules.  Begin with ``census``, which stacks everything;
then ``corpus``, ``features`` and ``summary``.

"""
