//! The line that nobody sees and by which we recognise our own comments, after a lost answer too.

/// The line for one comment about a pull request, by the ids that GitHub never gives twice. `what` says which comment;
/// characters that could end the line are replaced.
pub fn marker(repository: u64, number: u64, what: &str) -> String {
    format!("<!-- ringway:v1 repository={repository} pull_request={number} what={} -->", safe(what))
}

/// Different texts stay different: whatever had to be changed gets a number that stands for the whole.
fn safe(what: &str) -> String {
    const LONGEST: usize = 100;
    let mut kept = String::new();
    for letter in what.chars().take(LONGEST) {
        let allowed = letter.is_ascii_alphanumeric() || "._:".contains(letter);
        // Two of them would be the beginning of the end.
        let single = letter == '-' && !kept.is_empty() && !kept.ends_with('-');
        kept.push(if allowed || single { letter } else { '_' });
    }
    if kept == what && !kept.is_empty() && !kept.ends_with('-') {
        return kept;
    }
    format!("{kept}.{:016x}", fingerprint(what))
}

/// A number for a text that is the same in every version of the program (FNV-1a): it is stored, and compared later.
pub(super) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
