//! Cuts the body of a watch, which comes in pieces of any size, into its lines.

/// A line is larger than it may be.
#[derive(Debug, thiserror::Error)]
#[error("one event has more than {limit} bytes")]
pub(super) struct LineTooLong {
    limit: usize,
}

/// The bytes that have come and are no whole line yet.
#[derive(Debug)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Up to here there is no line end.
    searched: usize,
    limit: usize,
}

impl Lines {
    /// Lines of up to `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), searched: 0, limit }
    }

    /// Adds a piece of the body.
    ///
    /// # Errors
    ///
    /// When there are more bytes without a line end than a line may have.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), LineTooLong> {
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() > self.limit && !self.bytes.contains(&b'\n') {
            return Err(LineTooLong { limit: self.limit });
        }
        Ok(())
    }

    /// The next whole line without its end. Empty lines are left out.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let unsearched = self.bytes.get(self.searched..)?;
            let Some(offset) = unsearched.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.bytes.len();
                return None;
            };
            let rest = self.bytes.split_off(self.searched + offset + 1);
            let mut line = std::mem::replace(&mut self.bytes, rest);
            self.searched = 0;
            line.pop();
            if !line.is_empty() {
                return Some(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &mut Lines) -> Vec<String> {
        std::iter::from_fn(|| lines.next()).map(|line| String::from_utf8(line).unwrap()).collect()
    }

    #[test]
    fn lines_come_out_whole_wherever_the_pieces_end() {
        let body = b"{\"a\":1}\n\n{\"b\":\"\xc3\xa4\"}\n{\"c\"";
        for size in 1..body.len() {
            let mut lines = Lines::new(100);
            let mut found = Vec::new();
            for piece in body.chunks(size) {
                lines.push(piece).unwrap();
                found.extend(all(&mut lines));
            }
            assert_eq!(found, ["{\"a\":1}", "{\"b\":\"ä\"}"], "pieces of {size}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::new(10);
        lines.push(b"0123456789").unwrap();
        assert!(lines.push(b"0").is_err());
    }
}
