package io.meltemi.proxy.http.filter.localratelimit;

import io.meltemi.proxy.route.RateLimitDescriptor;
import io.meltemi.proxy.telemetry.Counter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The token buckets of one configuration: one for each descriptor, and one for the requests that
 * none fits. Safe for any thread.
 */
final class RateLimiter {
  /**
   * How a bucket fills.
   *
   * @param perSecond tokens, more than 0
   */
  record Rate(long tokensMax, double perSecond) {
    TokenBucket bucket(long nowNanos) {
      return new TokenBucket(tokensMax, perSecond, nowNanos);
    }
  }

  /** What a descriptor gets; an entry without a value takes any, and gives each its own bucket. */
  record Limit(List<RateLimitDescriptor.Entry> entries, Rate rate) {
    Limit {
      entries = List.copyOf(entries);
    }

    boolean isDynamic() {
      return entries.stream().anyMatch(entry -> entry.value().isEmpty());
    }

    boolean fits(List<RateLimitDescriptor.Entry> asked) {
      if (asked.size() != entries.size()) {
        return false;
      }
      for (int i = 0; i < entries.size(); i++) {
        RateLimitDescriptor.Entry own = entries.get(i);
        RateLimitDescriptor.Entry other = asked.get(i);
        if (!own.key().equals(other.key())
            || (!own.value().isEmpty() && !own.value().equals(other.value()))) {
          return false;
        }
      }
      return true;
    }
  }

  /**
   * @param alwaysDefault whether the default bucket counts for requests that a descriptor fits too
   * @param dynamicMax buckets of each descriptor that takes any value
   */
  record Rules(
      Optional<Rate> byDefault, List<Limit> limits, boolean alwaysDefault, int dynamicMax) {
    Rules {
      limits = List.copyOf(limits);
    }
  }

  /** Whether a request may go on, and the bucket that its response tells of. */
  static final class Answer {
    static final Answer UNLIMITED = new Answer(true, null);

    private final boolean allowed;
    private final @Nullable TokenBucket bucket;

    Answer(boolean allowed, @Nullable TokenBucket bucket) {
      this.allowed = allowed;
      this.bucket = bucket;
    }

    boolean allowed() {
      return allowed;
    }

    /** Null when none counted. */
    @Nullable TokenBucket bucket() {
      return bucket;
    }
  }

  /** The buckets of a descriptor that takes any value; the one used longest ago goes first. */
  private static final class Dynamic {
    private final Limit limit;
    private final int max;
    private final Counter dropped;
    private final LinkedHashMap<List<RateLimitDescriptor.Entry>, TokenBucket> buckets =
        new LinkedHashMap<>(16, 0.75f, true);

    Dynamic(Limit limit, int max, Counter dropped) {
      this.limit = limit;
      this.max = max;
      this.dropped = dropped;
    }

    synchronized TokenBucket bucket(List<RateLimitDescriptor.Entry> entries, long nowNanos) {
      TokenBucket known = buckets.get(entries);
      if (known != null) {
        return known;
      }
      TokenBucket made = limit.rate().bucket(nowNanos);
      buckets.put(entries, made);
      if (buckets.size() > max) {
        buckets.pollFirstEntry();
        dropped.inc();
      }
      return made;
    }
  }

  /** A bucket that a descriptor of the request fits, and how much it takes. */
  private record Match(TokenBucket bucket, long tokens) {}

  private final @Nullable TokenBucket byDefault;
  private final boolean alwaysDefault;
  private final Map<List<RateLimitDescriptor.Entry>, TokenBucket> fixed = new HashMap<>();
  private final List<Dynamic> dynamic = new ArrayList<>();

  /**
   * @param dropped counts buckets that made room for others
   */
  RateLimiter(Rules rules, Counter dropped, long nowNanos) {
    this.byDefault = rules.byDefault().map(rate -> rate.bucket(nowNanos)).orElse(null);
    this.alwaysDefault = rules.alwaysDefault();
    for (Limit limit : rules.limits()) {
      if (limit.isDynamic()) {
        dynamic.add(new Dynamic(limit, rules.dynamicMax(), dropped));
      } else {
        fixed.put(limit.entries(), limit.rate().bucket(nowNanos));
      }
    }
  }

  boolean hasDescriptors() {
    return !fixed.isEmpty() || !dynamic.isEmpty();
  }

  /** Takes tokens for a request, the slowest bucket first. */
  Answer ask(List<RateLimitDescriptor> descriptors, long nowNanos) {
    List<Match> matches = matches(descriptors, nowNanos);
    for (Match match : matches) {
      if (!match.bucket().consume(match.tokens(), nowNanos)) {
        return new Answer(false, match.bucket());
      }
    }
    TokenBucket common = byDefault;
    if (matches.isEmpty() || alwaysDefault) {
      if (common == null && matches.isEmpty()) {
        return Answer.UNLIMITED;
      }
      if (common != null && !common.consume(1, nowNanos)) {
        return new Answer(false, common);
      }
    }
    return new Answer(true, matches.isEmpty() ? common : matches.getFirst().bucket());
  }

  private List<Match> matches(List<RateLimitDescriptor> descriptors, long nowNanos) {
    if (descriptors.isEmpty()) {
      return List.of();
    }
    List<Match> matches = new ArrayList<>(descriptors.size());
    for (RateLimitDescriptor descriptor : descriptors) {
      TokenBucket bucket = bucket(descriptor.entries(), nowNanos);
      if (bucket != null) {
        matches.add(new Match(bucket, descriptor.hits().orElse(1)));
      }
    }
    matches.sort(Comparator.comparingDouble(match -> match.bucket().perSecond()));
    return matches;
  }

  private @Nullable TokenBucket bucket(List<RateLimitDescriptor.Entry> entries, long nowNanos) {
    TokenBucket exact = fixed.get(entries);
    if (exact != null) {
      return exact;
    }
    for (Dynamic one : dynamic) {
      if (one.limit.fits(entries)) {
        return one.bucket(entries, nowNanos);
      }
    }
    return null;
  }
}
