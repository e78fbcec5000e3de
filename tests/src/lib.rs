//! Integration tests of gummel; see `integration/`.
