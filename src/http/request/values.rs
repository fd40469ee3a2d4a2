//! What a request remembers: values of variables, and what the last pattern caught.

/// What a request knows of a variable.
#[derive(Clone, Default, Debug)]
pub enum Slot {
    /// It was not looked up.
    #[default]
    Unset,
    /// It has no value.
    NotFound,
    /// Its value.
    Set(Vec<u8>),
}

/// What groups of the last pattern that matched caught.
#[derive(Default, Debug)]
pub struct Captures {
    /// The text that was matched.
    pub subject: Vec<u8>,
    /// Where in it the groups are, the first one first.
    pub groups: Vec<(usize, usize)>,
}

impl Captures {
    /// The text of a group; 1 is the first.
    pub fn group(&self, number: usize) -> Option<&[u8]> {
        self.groups.get(number - 1).map(|&(start, end)| &self.subject[start..end])
    }

    /// Forgets all groups.
    pub fn clear(&mut self) {
        self.groups.clear();
    }
}
