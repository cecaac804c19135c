//! The XOR obfuscation of block files that Bitcoin Core 28 introduced.
//!
//! Byte i of every `blk*.dat` and `rev*.dat` file is XORed with byte i mod 8 of `xor.dat`, i being the
//! absolute offset in the file. A node upgraded from before has an all-zero key, an older one no file.

use std::fs;
use std::io;
use std::path::Path;

use super::Error;

/// The key of one blocks folder. Without one, or with an all-zero one, the bytes stand in the clear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct XorKey(u64);

impl XorKey {
    /// Reads `xor.dat` in `blocks_dir`; a folder without that file is not obfuscated.
    ///
    /// # Errors
    /// The file cannot be read, or is not 8 bytes long.
    pub fn load(blocks_dir: &Path) -> Result<XorKey, Error> {
        let path = blocks_dir.join("xor.dat");
        let size = match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => meta.len(),
            Ok(_) => {
                let source = io::Error::other("is not a regular file");
                return Err(Error::Io { path, source });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(XorKey::default()),
            Err(source) => return Err(Error::Io { path, source }),
        };
        if size != 8 {
            return Err(Error::KeySize { path, size });
        }
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        let size = bytes.len() as u64;
        let key: [u8; 8] = bytes
            .try_into()
            .map_err(|_| Error::KeySize { path, size })?;
        Ok(XorKey::new(key))
    }

    /// A key from its eight bytes.
    pub fn new(key: [u8; 8]) -> XorKey {
        XorKey(u64::from_le_bytes(key))
    }

    /// Whether the bytes on disk are the bytes of the blocks.
    pub fn is_clear(self) -> bool {
        self.0 == 0
    }

    /// Undoes the obfuscation of `bytes`, which stood at `offset` in their file.
    pub fn apply(self, offset: u64, bytes: &mut [u8]) {
        if self.is_clear() {
            return;
        }
        let word = self.at(offset);
        let mut chunks = bytes.chunks_exact_mut(8);
        for chunk in &mut chunks {
            let mut value = [0; 8];
            value.copy_from_slice(chunk);
            chunk.copy_from_slice(&(u64::from_ne_bytes(value) ^ word).to_ne_bytes());
        }
        for (byte, key) in chunks.into_remainder().iter_mut().zip(word.to_ne_bytes()) {
            *byte ^= key;
        }
    }

    /// The key turned so that its first byte belongs to `offset`, in native byte order.
    fn at(self, offset: u64) -> u64 {
        // offset mod 8 is below 8, so the cast is exact.
        let turned = self.0.rotate_right((offset % 8) as u32 * 8);
        u64::from_ne_bytes(turned.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apply_follows_the_absolute_offset_byte_by_byte() {
        let key = [0x9c, 0x6c, 0xb8, 0x60, 0x1f, 0xa6, 0x75, 0x87];
        for offset in 0..17u64 {
            for length in [0, 1, 7, 8, 9, 40] {
                let plain: Vec<u8> = (0..length).map(|i| i as u8 ^ 0x5a).collect();
                let expected: Vec<u8> = plain
                    .iter()
                    .enumerate()
                    .map(|(i, byte)| byte ^ key[(offset as usize + i) % 8])
                    .collect();
                let mut bytes = plain.clone();
                XorKey::new(key).apply(offset, &mut bytes);
                assert_eq!(bytes, expected);
            }
        }
    }
}
