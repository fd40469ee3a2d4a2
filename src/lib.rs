//! evenkeel: one program in the place of nginx and keepalived.
//!
//! The layers, each importing only from those below it (`compat-tests/tests/house.rs` reads every `use`):
//!
//! | layer | folders | duty |
//! |---|---|---|
//! | 7 | `cli`, `process` | command lines, processes, signals |
//! | 6 | `http`, `vrrp_io` | the engines' input and output |
//! | 5 | `net`, `log` | sockets of every kind; the originals' log lines |
//! | 4 | `vrrp`, `balance` | pure protocol state: `(now, event)` gives actions |
//! | 3 | `ir` | the configuration as typed values, nothing opened |
//! | 2 | `conf`, `zone` | text to tree, both languages; tables that workers share |
//! | 1 | `primitives`, `wire`, `sys` | small values; bytes to values; the operating system |
//! | 0 | the `grammar` package | every directive, keyword and variable as data |

pub mod balance;
pub mod cli;
pub mod conf;
pub mod ir;
pub mod log;
pub mod net;
pub mod primitives;
pub mod process;
pub mod sys;
pub mod vrrp;
pub mod vrrp_io;
pub mod wire;
pub mod zone;
