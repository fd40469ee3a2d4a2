//! Things that are kept for whoever needs one next, and let go when nobody has needed them for a while.

use std::cell::{Cell, RefCell};

/// At most so many of a kind.
pub struct FreeList<T> {
    items: RefCell<Vec<T>>,
    limit: usize,
    /// How many lay there all the time since the last look.
    unneeded: Cell<usize>,
}

impl<T> FreeList<T> {
    /// An empty list.
    pub const fn new(limit: usize) -> Self {
        Self { items: RefCell::new(Vec::new()), limit, unneeded: Cell::new(0) }
    }

    /// One of them, if there is any.
    pub fn take(&self) -> Option<T> {
        let mut items = self.items.borrow_mut();
        let item = items.pop();
        self.unneeded.set(self.unneeded.get().min(items.len()));
        item
    }

    /// Keeps one, if there is room.
    pub fn give(&self, item: T) {
        let mut items = self.items.borrow_mut();
        if items.len() < self.limit {
            items.push(item);
        }
    }

    /// Lets those go that nobody has needed since the last time; whether there were any.
    pub fn let_go(&self) -> bool {
        let mut items = self.items.borrow_mut();
        // Those that lie lowest are those that were not reached.
        let unneeded: Vec<T> = items.drain(..self.unneeded.get()).collect();
        self.unneeded.set(items.len());
        drop(items);
        !unneeded.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_unneeded_from_one_look_to_the_next_goes() {
        let list = FreeList::new(3);
        (0..4).for_each(|number| list.give(number));
        assert!(!list.let_go());
        let (first, second) = (list.take(), list.take());
        assert_eq!((first, second), (Some(2), Some(1)));
        [2, 1].into_iter().for_each(|number| list.give(number));
        assert!(list.let_go());
        assert_eq!(*list.items.borrow(), [2, 1]);
        assert!(list.let_go());
        assert_eq!(list.take(), None);
    }
}
