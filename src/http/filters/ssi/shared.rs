//! What all requests inside one another know of the commands of `ssi`.

/// What all requests inside one another know of commands.
#[derive(Default, Debug)]
pub struct Shared {
    /// `set`, in the order of first use.
    pub variables: Vec<(Vec<u8>, Vec<u8>)>,
    /// `block`
    pub blocks: Vec<(Vec<u8>, Vec<u8>)>,
    /// What the groups of the last pattern caught, the whole first.
    pub captures: Vec<Vec<u8>>,
}

impl Shared {
    /// A variable of `set`, or a group of the last pattern.
    pub fn find(&self, name: &[u8]) -> Option<&[u8]> {
        if let [digit @ b'0'..=b'9'] = name
            && let Some(capture) = self.captures.get(usize::from(digit - b'0'))
        {
            return Some(capture);
        }
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// Gives a variable its value.
    pub fn set(&mut self, name: &[u8], value: Vec<u8>) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.variables.push((name.to_vec(), value)),
        }
    }
}
