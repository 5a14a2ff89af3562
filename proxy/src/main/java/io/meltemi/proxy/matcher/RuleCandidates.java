package io.meltemi.proxy.matcher;

import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * The rules of a numbered list that an index could not rule out for one request, handed out in
 * ascending order. A bit for each rule, and above them a bit for each word that is not empty, so
 * that a few candidates among many rules are found without looking at the others.
 *
 * <p>Borrowed from the thread and given back, so that a decision allocates nothing; several may be
 * out at a time, because one decision can ask for another.
 */
public final class RuleCandidates {
  /** The ones a thread has at hand. */
  private static final class Pool {
    private @Nullable RuleCandidates free;
  }

  private static final FastThreadLocal<Pool> POOL =
      new FastThreadLocal<>() {
        @Override
        protected Pool initialValue() {
          return new Pool();
        }
      };

  private final Pool pool;
  private @Nullable RuleCandidates nextFree;
  private long[] words = {};
  private long[] summary = {};
  private int summaryFrom;

  private RuleCandidates(Pool pool) {
    this.pool = pool;
  }

  /** An empty set that has room for so many rules. */
  public static RuleCandidates borrow(int rules) {
    Pool pool = POOL.get();
    RuleCandidates found = pool.free;
    if (found == null) {
      found = new RuleCandidates(pool);
    } else {
      pool.free = found.nextFree;
    }
    found.ensureRoom(rules);
    return found;
  }

  /** Empties the set and gives it back; to be called by the thread that borrowed it. */
  public void release() {
    for (int i = summaryFrom; i < summary.length; i++) {
      long set = summary[i];
      while (set != 0) {
        words[(i << 6) + Long.numberOfTrailingZeros(set)] = 0;
        set &= set - 1;
      }
      summary[i] = 0;
    }
    summaryFrom = summary.length;
    nextFree = pool.free;
    pool.free = this;
  }

  private void ensureRoom(int rules) {
    int wordCount = (rules + 63) >>> 6;
    if (words.length < wordCount) {
      words = new long[wordCount];
      summary = new long[(wordCount + 63) >>> 6];
    }
    summaryFrom = summary.length;
  }

  /** Adds a rule; adding it twice is adding it once. */
  public void add(int rule) {
    int word = rule >>> 6;
    int group = word >>> 6;
    words[word] |= 1L << rule;
    summary[group] |= 1L << word;
    if (group < summaryFrom) {
      summaryFrom = group;
    }
  }

  void addAll(int[] rules) {
    for (int rule : rules) {
      add(rule);
    }
  }

  /** Takes the least rule out; -1 when there is none. */
  public int next() {
    for (; summaryFrom < summary.length; summaryFrom++) {
      long set = summary[summaryFrom];
      if (set != 0) {
        int word = (summaryFrom << 6) + Long.numberOfTrailingZeros(set);
        long bits = words[word];
        int rule = (word << 6) + Long.numberOfTrailingZeros(bits);
        bits &= bits - 1;
        words[word] = bits;
        if (bits == 0) {
          summary[summaryFrom] = set & (set - 1);
        }
        return rule;
      }
    }
    return -1;
  }
}
