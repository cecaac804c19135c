//! An allocator that counts, to show what reading hostile bytes costs.

#![allow(
    unsafe_code,
    reason = "an allocator cannot be had without; only tests and fuzzers have it"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes asked for by this thread, freed or not.
    static ASKED: Cell<usize> = const { Cell::new(0) };
    /// Bytes it asked for less those it freed; below zero where it freed what another thread asked for.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// The most it held at once.
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// No layout is larger than isize::MAX, so the casts are exact.
fn more(size: usize) {
    ASKED.set(ASKED.get().saturating_add(size));
    HELD.set(HELD.get() + size as isize);
    PEAK.set(PEAK.get().max(HELD.get()));
}

fn less(size: usize) {
    HELD.set(HELD.get() - size as isize);
}

// SAFETY: every call goes to the system's allocator unchanged; the counters allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        more(size);
        less(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        less(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(old, layout) }
    }
}

/// What `work` gives, and the bytes it asked for in all.
#[allow(dead_code)] // of those who include this file, not everybody asks both questions
pub(crate) fn asked<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ASKED.get();
    let given = work();
    (given, ASKED.get() - before)
}

/// What `work` gives, and the most bytes it held at once.
#[allow(dead_code)] // as above
pub(crate) fn held<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let given = work();
    (given, usize::try_from(PEAK.get() - before).unwrap_or(0))
}
