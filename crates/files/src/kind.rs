/// What a file is, in words, if it is of a well-known kind that is often given in place of data or a model. `first` are
/// its first bytes; 512 are enough.
///
/// ```
/// assert_eq!(handgrad_files::kind(b"\x89HDF\r\n\x1a\n"), Some("an HDF5 file (.h5)"));
/// assert_eq!(handgrad_files::kind(b"0.5,0.25"), None);
/// ```
#[must_use]
pub fn kind(first: &[u8]) -> Option<&'static str> {
    let holds = |text: &[u8]| first.windows(text.len()).any(|part| part == text);
    if first.starts_with(b"PK\x03\x04") {
        // The names of the entries of a ZIP archive are readable.
        return Some(match () {
            () if holds(b"data.pkl") => "a file that PyTorch's torch.save wrote (.pt)",
            () if holds(b".npy") => "a file of several NumPy arrays (.npz)",
            () if holds(b"[Content_Types].xml") || holds(b"xl/") => "a workbook of Excel (.xlsx)",
            () => "a ZIP archive",
        });
    }
    if first.starts_with(b"\x80") && matches!(first.get(1), Some(2..=5)) {
        return Some("a Python pickle, such as an old .pt file");
    }
    let begins: [(&[u8], &str); 8] = [
        (b"\x89HDF", "an HDF5 file (.h5)"),
        (
            b"version https://git-lfs",
            "a Git LFS pointer, which stands for a file that was not downloaded (git lfs pull)",
        ),
        (b"\x93NUMPY", "a NumPy array (.npy)"),
        (b"\x1f\x8b", "a file that is compressed with gzip"),
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"PAR1\x15", "a Parquet file"),
        (b"%PDF-", "a PDF document"),
    ];
    if let Some((_, kind)) = begins.iter().find(|(bytes, _)| first.starts_with(bytes)) {
        return Some(kind);
    }
    // The header of a safetensors file: its length as 8 bytes, then JSON.
    if first.get(8..10) == Some(b"{\"") && first[3..8] == [0; 5] {
        return Some("a file of weights (.safetensors)");
    }
    let text = first.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let is_tag = |tag: &[u8]| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    (is_tag(b"<!doctype html") || is_tag(b"<html")).then_some("an HTML page, as a server sends it in place of a file")
}
