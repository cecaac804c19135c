//! The undo data of one block: the coins it spent, input by input.
//!
//! A compact-size count of transactions (all but the coinbase), each a compact-size count of inputs, each a coin: VARINT
//! 2·height + coinbase, one more VARINT where that height is not 0 (a version before Core 0.15, since then 0), VARINT
//! amount, VARINT script code and the script's bytes (`TxInUndoFormatter`, `ScriptCompression`). A VARINT is Core's: base
//! 128, most significant group first, one added at each continuation.
//!
//! Core before 0.15 stored the height only with the last output of a transaction to be spent, and 0 with the others. As
//! a genesis coinbase cannot be spent, no coin is of height 0 otherwise: here 0 is an unknown height.

/// Why bytes are not undo data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset} is no undo data")]
pub struct NoUndo {
    /// Offset of what cannot be read.
    pub offset: usize,
}

/// A walk over the coins, in the order of the block's inputs.
#[derive(Clone, Debug)]
pub struct Spent<'u> {
    data: &'u [u8],
    at: usize,
    transactions: u64,
}

impl<'u> Spent<'u> {
    /// Starts the walk over `data`.
    ///
    /// # Errors
    /// There is no count of transactions.
    pub fn new(data: &'u [u8]) -> Result<Spent<'u>, NoUndo> {
        let mut spent = Spent {
            data,
            at: 0,
            transactions: 0,
        };
        spent.transactions = spent.compact_size()?;
        Ok(spent)
    }

    /// Transactions it says there are: all of the block but the coinbase.
    pub fn transactions(&self) -> u64 {
        self.transactions
    }

    /// Whether all bytes have been read.
    pub fn is_at_end(&self) -> bool {
        self.at == self.data.len()
    }

    /// The number of inputs of the next transaction; its coins follow.
    ///
    /// # Errors
    /// The bytes end, or are no count.
    #[inline]
    pub fn inputs(&mut self) -> Result<u64, NoUndo> {
        self.compact_size()
    }

    /// The height at which the next coin was created; 0: unknown.
    ///
    /// # Errors
    /// The bytes end, or are no coin.
    #[inline]
    pub fn coin_height(&mut self) -> Result<u32, NoUndo> {
        let code = self.varint()?;
        let height = u32::try_from(code >> 1).map_err(|_| self.wrong())?;
        if height > 0 {
            self.varint()?;
        }
        self.varint()?; // the amount
        let script = match self.varint()? {
            0 | 1 => 20, // a key hash, a script hash
            2..=5 => 32, // a public key, its parity in the code
            n => n - 6,  // the script itself
        };
        let left = self.data.len() - self.at;
        match usize::try_from(script) {
            Ok(script) if script <= left => self.at += script,
            _ => return Err(self.wrong()),
        }
        Ok(height)
    }

    fn wrong(&self) -> NoUndo {
        NoUndo { offset: self.at }
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, NoUndo> {
        let &byte = self.data.get(self.at).ok_or(NoUndo { offset: self.at })?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, NoUndo> {
        let mut value: u64 = 0;
        loop {
            let byte = self.byte()?;
            if value > u64::MAX >> 7 {
                return Err(self.wrong());
            }
            value = value << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            value = value.checked_add(1).ok_or(NoUndo { offset: self.at })?;
        }
    }

    #[inline]
    fn compact_size(&mut self) -> Result<u64, NoUndo> {
        let width = match self.byte()? {
            0xfd => 2,
            0xfe => 4,
            0xff => 8,
            small => return Ok(u64::from(small)),
        };
        let mut value = 0;
        for place in 0..width {
            value |= u64::from(self.byte()?) << (8 * place);
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn heights_are_read_as_core_writes_them() {
        let mut data = vec![2, 1];
        data.extend([0xe0, 0xd3, 0x00, 0, 9, 0]); // 2 · 800,000; dummy; amount; a key hash
        data.extend([7; 20]);
        data.push(3);
        data.extend([7, 0, 0x80, 0x00, 3]); // 2 · 3 + coinbase; dummy; amount of two bytes; a public key
        data.extend([8; 32]);
        data.extend([0, 5, 8, 0x51, 0x51]); // unknown: no dummy; a script of two bytes
        data.extend([0x80, 0x01, 5, 0, 6]); // VARINT 129: 2 · 64 + coinbase; a version; an empty script
        let mut spent = Spent::new(&data).unwrap();
        assert_eq!(spent.transactions(), 2);
        assert_eq!(spent.inputs(), Ok(1));
        assert_eq!(spent.coin_height(), Ok(800_000));
        assert_eq!(spent.inputs(), Ok(3));
        assert_eq!(spent.coin_height(), Ok(3));
        assert_eq!(spent.coin_height(), Ok(0));
        assert!(!spent.is_at_end());
        assert_eq!(spent.coin_height(), Ok(64));
        assert!(spent.is_at_end());
        assert_eq!(spent.coin_height(), Err(NoUndo { offset: data.len() }));
    }

    #[test]
    fn a_script_beyond_the_end_and_a_number_beyond_64_bits_are_refused() {
        assert!(Spent::new(&[1, 2, 0, 0, 7]).unwrap().coin_height().is_err());
        let mut endless = vec![1];
        endless.extend([0xff; 12]);
        assert!(Spent::new(&endless).unwrap().coin_height().is_err());
        assert!(Spent::new(&[]).is_err());
        assert!(Spent::new(&[0xfd, 1]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_value_or_an_error(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            let Ok(mut spent) = Spent::new(&data) else { return Ok(()); };
            'walk: for _ in 0..spent.transactions() {
                let Ok(inputs) = spent.inputs() else { break };
                for _ in 0..inputs {
                    if spent.coin_height().is_err() { break 'walk; }
                }
            }
            prop_assert!(spent.at <= data.len());
        }
    }
}
