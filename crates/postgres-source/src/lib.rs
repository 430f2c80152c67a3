//! A publication as a Source: slot, snapshot, relation cache, stream.
