//! The values of nginx's `http_mirror` module.

use std::rc::Rc;

use crate::ir::value::Text;

layer! {
    /// Where copies of requests go.
    pub struct Mirror, own MirrorOwn {
        /// `mirror`; empty for `off`.
        uris: Rc<[Text]> = Rc::from([]),
        /// `mirror_request_body`
        request_body: bool = true,
    }
}
