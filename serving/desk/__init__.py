"""The desk: use cases around what is promised. Who asks is known, what is asked is well formed; here it is done."""
