"""Where templates come from: one module a source, each read from what its package ships."""
