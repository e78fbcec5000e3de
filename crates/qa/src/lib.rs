//! Physics and accuracy checks of device models; none exists yet, accuracy is judged by `gummel-surrogate`.
