//! The order of streams that clients may ask for. RFC 9113 section 5.3.2 has it no more, nginx follows it (RFC 7540 section 5.3):
//! who is nearer to the root goes first, among equals who has the larger share.

use super::super::frame::RESERVED;

/// So many streams are known by their place; older ones are forgotten.
const MOST_NODES: usize = 256;
const USUAL_WEIGHT: u16 = 16;
const WHOLE: f64 = 256.0;

/// What a client has said of its streams.
#[derive(Default, Debug)]
pub struct Priorities {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    id: u32,
    parent: u32,
    weight: u16,
}

impl Priorities {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Takes what PRIORITY, or HEADERS with its flag, says of a stream.
    pub fn take(&mut self, id: u32, priority: &[u8]) {
        let &[first, second, third, fourth, weight] = priority else { return };
        let dependency = u32::from_be_bytes([first, second, third, fourth]);
        let (parent, is_exclusive) = (dependency & !RESERVED, dependency & RESERVED != 0);
        let former = self.find(id).map_or(0, |node| node.parent);
        if self.ancestors(parent).any(|ancestor| ancestor == id) {
            // RFC 7540 section 5.3.3: what depended on the stream takes its place.
            self.change(parent, |node| node.parent = former);
        }
        if is_exclusive {
            self.nodes.iter_mut().filter(|node| node.parent == parent).for_each(|node| node.parent = id);
        }
        let weight = u16::from(weight) + 1;
        if !self.change(id, |node| (node.parent, node.weight) = (parent, weight)) {
            if self.nodes.len() == MOST_NODES {
                self.nodes.remove(0);
            }
            self.nodes.push(Node { id, parent, weight });
        }
    }

    /// Puts streams in order.
    pub fn sort(&self, ids: &mut [u32]) {
        ids.sort_by(|one, other| {
            let ((depth, share), (other_depth, other_share)) = (self.place(*one), self.place(*other));
            depth.cmp(&other_depth).then(other_share.total_cmp(&share))
        });
    }

    /// How deep a stream is, and what share of the whole it has.
    fn place(&self, id: u32) -> (usize, f64) {
        let path = || [id].into_iter().chain(self.ancestors(id));
        let weight = |id| self.find(id).map_or(USUAL_WEIGHT, |node| node.weight);
        (path().count(), path().map(|id| f64::from(weight(id)) / WHOLE).product())
    }

    /// What a stream depends on, up to the root.
    fn ancestors(&self, id: u32) -> impl Iterator<Item = u32> {
        let parent = |id: &u32| self.find(*id).map(|node| node.parent).filter(|parent| *parent != 0);
        // A ring cannot come about; if it did, it would end here.
        std::iter::successors(parent(&id), parent).take(self.nodes.len())
    }

    fn find(&self, id: u32) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    fn change(&mut self, id: u32, change: impl FnOnce(&mut Node)) -> bool {
        self.nodes.iter_mut().find(|node| node.id == id).map(change).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priority(parent: u32, weight: u8) -> Vec<u8> {
        [&parent.to_be_bytes()[..], &[weight]].concat()
    }

    fn sorted(said: &[(u32, u32, u8)]) -> Vec<u32> {
        let mut priorities = Priorities::default();
        said.iter().for_each(|(id, parent, weight)| priorities.take(*id, &priority(*parent, *weight)));
        let mut ids = vec![1, 3, 5];
        priorities.sort(&mut ids);
        ids
    }

    #[test]
    fn weight_depth_and_share() {
        assert_eq!(sorted(&[]), [1, 3, 5]);
        assert_eq!(sorted(&[(1, 0, 0), (3, 0, 255)]), [3, 5, 1], "the heavier first");
        assert_eq!(sorted(&[(1, 5, 255), (3, 5, 0)]), [5, 1, 3], "what the others depend on first");
        assert_eq!(sorted(&[(3, 0, 9), (1, 3, 255)]), [5, 3, 1]);
    }

    #[test]
    fn an_exclusive_stream_and_a_ring() {
        assert_eq!(
            sorted(&[(1, 0, 9), (5, 0, 255), (3, RESERVED, 9)]),
            [3, 5, 1],
            "it goes between the root and the others"
        );
        assert_eq!(sorted(&[(1, 0, 9), (3, 1, 9), (5, 3, 9), (1, 5, 9)]), [5, 1, 3], "what depended on it goes up");
    }
}
