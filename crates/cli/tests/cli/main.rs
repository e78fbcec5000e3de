//! The `gummel` program as a user runs it: files in, exit codes, standard output and folders out.

mod book;
mod check;
mod doctor;
mod export;
mod few;
mod fit;
mod lab;
mod look;
mod share;
mod voice;
