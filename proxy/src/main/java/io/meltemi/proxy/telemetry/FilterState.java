package io.meltemi.proxy.telemetry;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Texts that filters leave under keys for those behind them. Event loop of the stream or connection
 * only; {@link #NONE} is never changed.
 */
public final class FilterState {
  /** Nothing at all. */
  public static final FilterState NONE = new FilterState();

  private final List<Entry> entries = new ArrayList<>();

  /** How far a text goes along connections inside the proxy. */
  public enum Sharing {
    NONE,
    /** To the connection that is made for the stream, and no further. */
    ONCE,
    TRANSITIVE
  }

  /** A text in UTF-8, which is never changed. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Entry(String key, byte[] value, Sharing sharing, boolean readOnly) {}

  /**
   * Leaves a text, in the place of one that is there.
   *
   * @param value in UTF-8; not to be changed afterwards
   * @param readOnly it stays
   * @return false when one is there that stays
   */
  public boolean set(String key, byte[] value, Sharing sharing, boolean readOnly) {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).key.equals(key)) {
        if (entries.get(i).readOnly) {
          return false;
        }
        entries.set(i, new Entry(key, value, sharing, readOnly));
        return true;
      }
    }
    entries.add(new Entry(key, value, sharing, readOnly));
    return true;
  }

  /** The text under a key in UTF-8, not to be changed; null when there is none. */
  public byte @Nullable [] get(String key) {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).key.equals(key)) {
        return entries.get(i).value;
      }
    }
    return null;
  }

  /** What a connection that is made for the stream gets of it; allocates when that is something. */
  public FilterState shared() {
    FilterState passed = NONE;
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      if (entry.sharing != Sharing.NONE) {
        if (passed == NONE) {
          passed = new FilterState();
        }
        Sharing next = entry.sharing == Sharing.ONCE ? Sharing.NONE : entry.sharing;
        passed.entries.add(new Entry(entry.key, entry.value, next, entry.readOnly));
      }
    }
    return passed;
  }
}
