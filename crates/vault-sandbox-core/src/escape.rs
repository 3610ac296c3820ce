/// Text from outside on one line, unable to act: control characters, line separators and marks
/// that change the direction of writing are written as `\u{…}`, and the openings of CI commands
/// (`::`, `##[`, `##vso[`) are broken up.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    // Repeated: ":::" would leave a "::" behind one pass.
    for (command, harmless) in [("::", ":\\:"), ("##[", "##\\["), ("##vso[", "##vso\\[")] {
        while shown.contains(command) {
            shown = shown.replace(command, harmless);
        }
    }
    shown
}

fn acts(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x061C | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xE0000..=0xE007F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_act() {
        let shown =
            escape("a\r\n\u{1b}[31m::add-mask::x ##vso[task] ##[group] :::: \u{202e}b\u{2066}");
        assert_eq!(shown.lines().count(), 1);
        for active in [
            "\u{1b}", "\r", "\n", "::", "##vso[", "##[", "\u{202e}", "\u{2066}",
        ] {
            assert!(!shown.contains(active), "{active:?} in {shown}");
        }
        assert_eq!(escape("Ünïcode: [x] 😀 a:b"), "Ünïcode: [x] 😀 a:b");
    }
}
