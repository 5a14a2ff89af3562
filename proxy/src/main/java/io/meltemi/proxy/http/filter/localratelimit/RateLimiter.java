package io.meltemi.proxy.http.filter.localratelimit;

import io.meltemi.proxy.route.RateLimitDescriptor;
import io.meltemi.proxy.route.RateLimitDescriptor.LimitHeaders;
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

  /**
   * What a descriptor gets; an entry without a value takes any, and gives each its own bucket.
   *
   * @param shadow whether requests beyond it pass all the same
   */
  record Limit(List<RateLimitDescriptor.Entry> entries, Rate rate, boolean shadow) {
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
    static final Answer UNLIMITED = new Answer(true, null, false, LimitHeaders.OF_FILTER);

    private final boolean allowed;
    private final @Nullable TokenBucket bucket;
    private final boolean shadow;
    private final LimitHeaders headers;

    Answer(boolean allowed, @Nullable TokenBucket bucket, boolean shadow, LimitHeaders headers) {
      this.headers = headers;
      this.allowed = allowed;
      this.bucket = bucket;
      this.shadow = shadow;
    }

    /** Whether the response tells of the bucket. */
    LimitHeaders headers() {
      return headers;
    }

    /** Whether the descriptor that is exceeded only looks on. */
    boolean isShadow() {
      return shadow;
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
  private record Match(TokenBucket bucket, long tokens, boolean shadow, LimitHeaders headers) {}

  /** A bucket, and whether it only looks on. */
  private record Found(TokenBucket bucket, boolean shadow) {}

  private final @Nullable TokenBucket byDefault;
  private final boolean alwaysDefault;
  private final Map<List<RateLimitDescriptor.Entry>, Found> fixed = new HashMap<>();
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
        fixed.put(limit.entries(), new Found(limit.rate().bucket(nowNanos), limit.shadow()));
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
        return new Answer(false, match.bucket(), match.shadow(), match.headers());
      }
    }
    TokenBucket common = byDefault;
    if (matches.isEmpty() || alwaysDefault) {
      if (common == null && matches.isEmpty()) {
        return Answer.UNLIMITED;
      }
      if (common != null && !common.consume(1, nowNanos)) {
        return new Answer(false, common, false, LimitHeaders.OF_FILTER);
      }
    }
    if (matches.isEmpty()) {
      return new Answer(true, common, false, LimitHeaders.OF_FILTER);
    }
    Match slowest = matches.getFirst();
    return new Answer(true, slowest.bucket(), false, slowest.headers());
  }

  private List<Match> matches(List<RateLimitDescriptor> descriptors, long nowNanos) {
    if (descriptors.isEmpty()) {
      return List.of();
    }
    List<Match> matches = new ArrayList<>(descriptors.size());
    for (RateLimitDescriptor descriptor : descriptors) {
      Found found = bucket(descriptor.entries(), nowNanos);
      if (found != null) {
        matches.add(
            new Match(
                found.bucket(), descriptor.hits().orElse(1), found.shadow(), descriptor.headers()));
      }
    }
    matches.sort(Comparator.comparingDouble(match -> match.bucket().perSecond()));
    return matches;
  }

  private @Nullable Found bucket(List<RateLimitDescriptor.Entry> entries, long nowNanos) {
    Found exact = fixed.get(entries);
    if (exact != null) {
      return exact;
    }
    for (Dynamic one : dynamic) {
      if (one.limit.fits(entries)) {
        return new Found(one.bucket(entries, nowNanos), one.limit.shadow());
      }
    }
    return null;
  }
}
