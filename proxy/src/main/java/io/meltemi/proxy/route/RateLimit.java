package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.telemetry.DynamicMetadata;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How one descriptor is made of a request: by every action or not at all. Allocates for each
 * request that it describes. See <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-ratelimit">{@code
 * route.v3.RateLimit}</a>.
 *
 * @param stage 0 to 10; a filter looks at those of its own stage
 * @param onStreamDone whether it is counted when the stream is over, and limits nothing
 * @param headers whether responses tell of this limit
 */
public record RateLimit(
    int stage,
    List<Action> actions,
    Optional<MetadataPlace> limit,
    Hits hits,
    boolean onStreamDone,
    RateLimitDescriptor.LimitHeaders headers) {

  /** What actions may look at. */
  public record Facts(HeaderBlock headers, StreamInfo info, Node node, Metadata routeMetadata) {
    /**
     * @param localCluster of this proxy's node
     * @param upstreamCluster the route's; empty for none
     */
    public record Node(String localCluster, String upstreamCluster) {}
  }

  /** A field of metadata, by namespace and path. */
  public record MetadataPlace(String namespace, List<String> path) {
    public MetadataPlace {
      path = List.copyOf(path);
    }

    @Nullable Object dynamic(StreamInfo info) {
      return info.dynamicMetadata.get(namespace, path);
    }

    @Nullable Object in(Metadata metadata) {
      Map<String, Object> fields = metadata.filters().get(namespace);
      return fields == null ? null : DynamicMetadata.descend(fields.get(path.getFirst()), path);
    }
  }

  /** How much a request counts. */
  public sealed interface Hits {
    /** As much as the limiter says, which is 1. */
    record Default() implements Hits {}

    record Fixed(long number) implements Hits {}

    /** What the format yields, when that is a number. */
    record Formatted(Formatter format) implements Hits {}
  }

  /** One entry of a descriptor. */
  public sealed interface Action {
    record SourceCluster() implements Action {}

    record DestinationCluster() implements Action {}

    record RequestHeader(HeaderName name, String key, boolean skipIfAbsent) implements Action {}

    record QueryParameter(String name, String key, boolean skipIfAbsent) implements Action {}

    record RemoteAddress() implements Action {}

    record MaskedRemoteAddress(int bitsV4, int bitsV6) implements Action {}

    record GenericKey(String key, Text value) implements Action {}

    /**
     * @param otherwise when the value is empty
     * @param invert whether addresses outside of the ranges are meant
     */
    record AddressMatch(
        String key, Text value, String otherwise, List<IpRange> ranges, boolean invert)
        implements Action {
      public AddressMatch {
        ranges = List.copyOf(ranges);
      }
    }

    record HeaderMatch(String key, Text value, boolean expected, List<HeaderMatcher> headers)
        implements Action {
      public HeaderMatch {
        headers = List.copyOf(headers);
      }
    }

    record QueryMatch(
        String key, Text value, boolean expected, List<QueryParameterMatcher> parameters)
        implements Action {
      public QueryMatch {
        parameters = List.copyOf(parameters);
      }
    }

    record MetadataText(
        String key, MetadataPlace place, boolean ofRoute, String otherwise, boolean skipIfAbsent)
        implements Action {}
  }

  /** A value of an entry: as written, or made of the stream. */
  public sealed interface Text {
    record Literal(String text) implements Text {}

    record Formatted(Formatter format) implements Text {}
  }

  /** Names of {@code envoy.type.v3.RateLimitUnit} by their numbers. */
  private static final List<String> UNITS =
      List.of("UNKNOWN", "SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR");

  private static final RateLimitDescriptor.Entry SKIPPED = new RateLimitDescriptor.Entry("", "");

  public RateLimit {
    actions = List.copyOf(actions);
  }

  /** Adds a descriptor for each entry of the stage that has one for the request. */
  public static void describe(
      List<RateLimit> limits, int stage, Facts facts, List<RateLimitDescriptor> out) {
    for (int i = 0; i < limits.size(); i++) {
      if (limits.get(i).stage == stage) {
        limits.get(i).describe(facts).ifPresent(out::add);
      }
    }
  }

  /** The descriptor of a request; empty when an action does not apply to it. */
  public Optional<RateLimitDescriptor> describe(Facts facts) {
    List<RateLimitDescriptor.Entry> entries = new ArrayList<>(actions.size());
    for (int i = 0; i < actions.size(); i++) {
      RateLimitDescriptor.Entry entry = entry(actions.get(i), facts);
      if (entry == null) {
        return Optional.empty();
      }
      if (!entry.key().isEmpty()) {
        entries.add(entry);
      }
    }
    if (entries.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new RateLimitDescriptor(
            entries,
            limit.flatMap(place -> limit(place.dynamic(facts.info()))),
            hits(facts),
            headers));
  }

  private static Optional<RateLimitDescriptor.Limit> limit(@Nullable Object value) {
    if (value instanceof Map<?, ?> fields
        && fields.get("requests_per_unit") instanceof Double requests
        && fields.get("unit") instanceof String name) {
      int unit = UNITS.indexOf(name);
      if (unit > 0) {
        return Optional.of(new RateLimitDescriptor.Limit(requests.longValue(), unit));
      }
    }
    return Optional.empty();
  }

  private OptionalLong hits(Facts facts) {
    return switch (hits) {
      case Hits.Default _ -> OptionalLong.empty();
      case Hits.Fixed(long number) -> OptionalLong.of(number);
      case Hits.Formatted(Formatter format) -> {
        try {
          // numbers of dynamic metadata may be written with a fraction
          double number = Double.parseDouble(text(format, facts.info()));
          yield number >= 0 && number <= RateLimitParser.HITS_MAX
              ? OptionalLong.of((long) number)
              : OptionalLong.empty();
        } catch (NumberFormatException e) {
          yield OptionalLong.empty();
        }
      }
    };
  }

  /** Null when the action does not apply, {@link #SKIPPED} when it adds nothing. */
  private static RateLimitDescriptor.@Nullable Entry entry(Action action, Facts facts) {
    return switch (action) {
      case Action.SourceCluster _ -> entry("source_cluster", facts.node().localCluster());
      case Action.DestinationCluster _ ->
          facts.node().upstreamCluster().isEmpty()
              ? null
              : entry("destination_cluster", facts.node().upstreamCluster());
      case Action.RequestHeader(HeaderName name, String key, boolean skip) ->
          found(key, facts.headers().get(name), skip);
      case Action.QueryParameter(String name, String key, boolean skip) ->
          found(key, QueryStrings.first(facts.headers(), name), skip);
      case Action.RemoteAddress _ -> {
        InetAddress ip = remote(facts);
        yield ip == null ? null : entry("remote_address", ip.getHostAddress());
      }
      case Action.MaskedRemoteAddress(int bitsV4, int bitsV6) -> {
        InetAddress ip = remote(facts);
        yield ip == null ? null : entry("masked_remote_address", masked(ip, bitsV4, bitsV6));
      }
      case Action.AddressMatch match -> address(match, facts);
      case Action.GenericKey(String key, Text value) -> entry(key, text(value, facts.info()));
      case Action.HeaderMatch match ->
          holdAll(match.headers(), facts.headers()) == match.expected()
              ? entry(match.key(), text(match.value(), facts.info()))
              : null;
      case Action.QueryMatch match ->
          QueryStrings.holdAll(match.parameters(), facts.headers()) == match.expected()
              ? entry(match.key(), text(match.value(), facts.info()))
              : null;
      case Action.MetadataText metadata -> metadata(metadata, facts);
    };
  }

  private static RateLimitDescriptor.@Nullable Entry address(
      Action.AddressMatch match, Facts facts) {
    InetAddress ip = remote(facts);
    if (ip == null) {
      return null;
    }
    boolean within = false;
    for (int i = 0; i < match.ranges().size() && !within; i++) {
      within = match.ranges().get(i).contains(ip);
    }
    if (within == match.invert()) {
      return null;
    }
    String value = text(match.value(), facts.info());
    if (value.isEmpty()) {
      value = match.otherwise();
    }
    return value.isEmpty() ? null : entry(match.key(), value);
  }

  private static RateLimitDescriptor.Entry entry(String key, String value) {
    return new RateLimitDescriptor.Entry(key, value);
  }

  private static RateLimitDescriptor.@Nullable Entry found(
      String key, @Nullable String value, boolean skipIfAbsent) {
    if (value == null) {
      return skipIfAbsent ? SKIPPED : null;
    }
    return entry(key, value);
  }

  private static RateLimitDescriptor.@Nullable Entry metadata(
      Action.MetadataText action, Facts facts) {
    Object value =
        action.ofRoute()
            ? action.place().in(facts.routeMetadata())
            : action.place().dynamic(facts.info());
    String text = value instanceof String string ? string : "";
    if (text.isEmpty()) {
      text = action.otherwise();
    }
    return found(action.key(), text.isEmpty() ? null : text, action.skipIfAbsent());
  }

  private static boolean holdAll(List<HeaderMatcher> matchers, HeaderBlock headers) {
    for (int i = 0; i < matchers.size(); i++) {
      if (!matchers.get(i).matches(headers, MatchTrace.NONE)) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable InetAddress remote(Facts facts) {
    return facts.info().downstreamRemoteAddress instanceof InetSocketAddress inet
        ? inet.getAddress()
        : null;
  }

  private static String masked(InetAddress ip, int bitsV4, int bitsV6) {
    byte[] bytes = ip.getAddress();
    int bits = bytes.length == 4 ? bitsV4 : bitsV6;
    for (int i = 0; i < bytes.length; i++) {
      int kept = Math.clamp(bits - 8L * i, 0, 8);
      bytes[i] &= (byte) (0xFF << (8 - kept));
    }
    try {
      return InetAddress.getByAddress(bytes).getHostAddress() + "/" + bits;
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String text(Text text, StreamInfo info) {
    return switch (text) {
      case Text.Literal(String literal) -> literal;
      case Text.Formatted(Formatter format) -> text(format, info);
    };
  }

  private static String text(Formatter format, StreamInfo info) {
    FormatOutput out = new FormatOutput();
    format.format(info, out);
    return new String(out.array(), 0, out.length(), StandardCharsets.ISO_8859_1);
  }
}
