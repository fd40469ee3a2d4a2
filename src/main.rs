//! The program: which personality to take is decided by the name it is called by.

fn main() {}
