"""…/extension/, …/extension_group/, …/did/, user/…, client/: what a client consists of, read and changed."""
