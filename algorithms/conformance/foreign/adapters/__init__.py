"""How functions of other libraries are called: by the names of their parameters, or as their library calls them."""
