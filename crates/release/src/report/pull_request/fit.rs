//! Keeping a text below GitHub's limit: first less of each part, then whole parts. A part is never cut through, because
//! half a fence or half a tag would swallow what comes after it.

/// How much of each part is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Sentences of history.
    pub(super) history: usize,
    /// Rows of a table or a list.
    pub(super) rows: usize,
    /// Tenants whose whole error text is shown.
    pub(super) voices: usize,
}

/// A part of a text.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// What it is called if it has to be left out.
    pub(super) name: &'static str,
    /// Its Markdown, whole by itself.
    pub(super) text: String,
}

/// What is tried one after the other. The largest is what is shown where there is room.
const ROOMS: [Room; 6] = [
    Room { history: 20, rows: 50, voices: 10 },
    Room { history: 5, rows: 50, voices: 10 },
    Room { history: 0, rows: 50, voices: 10 },
    Room { history: 0, rows: 50, voices: 2 },
    Room { history: 0, rows: 20, voices: 0 },
    SMALLEST,
];
const SMALLEST: Room = Room { history: 0, rows: 5, voices: 0 };

/// Head, parts and tail in at most so many bytes, and so in no more characters. Head and tail are always there.
pub(super) fn fit(head: &str, sections: impl Fn(Room) -> Vec<Section>, tail: &str, most: usize) -> String {
    for room in ROOMS {
        let text = joined(head, sections(room).iter(), tail);
        if text.len() <= most {
            return text;
        }
    }
    without_some(head, &sections(SMALLEST), tail, most)
}

/// The parts that fit, the first ones first, and a sentence that names the others.
fn without_some(head: &str, sections: &[Section], tail: &str, most: usize) -> String {
    let mut kept: Vec<&Section> = Vec::new();
    for section in sections {
        kept.push(section);
        if joined(head, kept.iter().copied(), tail).len() + REMARK > most {
            kept.pop();
        }
    }
    let is_kept = |section: &Section| kept.iter().any(|kept| kept.name == section.name);
    let left_out: Vec<&str> =
        sections.iter().filter(|section| !is_kept(section)).map(|section| section.name).collect();
    let remark = sentence(&left_out);
    joined(head, kept.into_iter().chain(remark.iter()), tail)
}

/// Room for the sentence about what is left out, with all names there are.
const REMARK: usize = 400;

fn sentence(left_out: &[&str]) -> Option<Section> {
    let text = format!(
        "Left out, because GitHub takes no longer comments: {}. `ringway status` shows everything.",
        left_out.join(", ")
    );
    (!left_out.is_empty()).then_some(Section { name: "", text })
}

fn joined<'a>(head: &str, sections: impl Iterator<Item = &'a Section>, tail: &str) -> String {
    let texts = std::iter::once(head).chain(sections.map(|section| section.text.as_str())).chain([tail]);
    texts.map(str::trim_end).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
}
