package io.meltemi.proxy.route;

import com.google.protobuf.UnknownFieldSet;
import io.envoyproxy.envoy.config.core.v3.CidrRange;
import io.envoyproxy.envoy.config.route.v3.RateLimit.Action;
import io.envoyproxy.envoy.config.route.v3.RateLimit.HitsAddend;
import io.envoyproxy.envoy.config.route.v3.RateLimit.Override;
import io.envoyproxy.envoy.type.matcher.v3.AddressMatcher;
import io.envoyproxy.envoy.type.metadata.v3.MetadataKey;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.HeaderMatcherParser;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.parse.AddressParser;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RateLimit.MetadataPlace;
import io.meltemi.proxy.route.RateLimitDescriptor.LimitHeaders;
import io.meltemi.proxy.telemetry.Formatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code rate_limits} of routes, virtual hosts and filters. */
public final class RateLimitParser {
  static final long HITS_MAX = 1_000_000_000;
  private static final int STAGE_MAX = 10;
  private static final SupportedFields LIMIT =
      SupportedFields.of(
              io.envoyproxy.envoy.config.route.v3.RateLimit.class,
              "stage",
              "actions",
              "limit",
              "hits_addend",
              "apply_on_stream_done",
              "x_ratelimit_option")
          .withoutEffect("the entry is always on: there is no runtime", "disable_key");
  private static final SupportedFields ACTION =
      SupportedFields.of(
          Action.class,
          "source_cluster",
          "destination_cluster",
          "request_headers",
          "query_parameters",
          "remote_address",
          "generic_key",
          "header_value_match",
          "dynamic_metadata",
          "metadata",
          "masked_remote_address",
          "remote_address_match",
          "query_parameter_value_match");
  private static final SupportedFields ADDRESSES =
      SupportedFields.of(AddressMatcher.class, "ranges", "invert_match");
  private static final SupportedFields REQUEST_HEADERS =
      SupportedFields.of(
          Action.RequestHeaders.class, "header_name", "descriptor_key", "skip_if_absent");
  private static final SupportedFields QUERY =
      SupportedFields.of(
          Action.QueryParameters.class, "query_parameter_name", "descriptor_key", "skip_if_absent");
  private static final SupportedFields MASKED =
      SupportedFields.of(
          Action.MaskedRemoteAddress.class, "v4_prefix_mask_len", "v6_prefix_mask_len");
  private static final SupportedFields GENERIC =
      SupportedFields.of(Action.GenericKey.class, "descriptor_value", "descriptor_key");
  private static final SupportedFields HEADER_MATCH =
      SupportedFields.of(
          Action.HeaderValueMatch.class,
          "descriptor_key",
          "descriptor_value",
          "expect_match",
          "headers");
  private static final SupportedFields QUERY_MATCH =
      SupportedFields.of(
          Action.QueryParameterValueMatch.class,
          "descriptor_key",
          "descriptor_value",
          "expect_match",
          "query_parameters");
  private static final SupportedFields METADATA =
      SupportedFields.of(
          Action.MetaData.class,
          "descriptor_key",
          "metadata_key",
          "default_value",
          "source",
          "skip_if_absent");
  private static final SupportedFields DYNAMIC =
      SupportedFields.of(
          Action.DynamicMetaData.class, "descriptor_key", "metadata_key", "default_value");
  private static final SupportedFields KEY = SupportedFields.of(MetadataKey.class, "key", "path");
  private static final SupportedFields SEGMENT =
      SupportedFields.of(MetadataKey.PathSegment.class, "key");
  private static final SupportedFields OVERRIDE =
      SupportedFields.of(Override.class, "dynamic_metadata");
  private static final SupportedFields OVERRIDE_METADATA =
      SupportedFields.of(Override.DynamicMetadata.class, "metadata_key");
  private static final SupportedFields HITS =
      SupportedFields.of(HitsAddend.class, "number", "format");

  private final Ticker ticker;

  /**
   * @param ticker wall clock of {@code %START_TIME%}
   */
  public RateLimitParser(Ticker ticker) {
    this.ticker = ticker;
  }

  /**
   * Those of a route or a virtual host: as in Envoy they count 1 each, before the request is
   * forwarded.
   */
  List<RateLimit> parseOfRoute(
      List<io.envoyproxy.envoy.config.route.v3.RateLimit> protos, ParseScope parent) {
    List<RateLimit> plain = new ArrayList<>(protos.size());
    for (RateLimit limit : parse(protos, parent)) {
      ParseScope at = parent.field("rate_limits", plain.size());
      if (!(limit.hits() instanceof RateLimit.Hits.Default)) {
        at.field("hits_addend").warn("set", "1: only a filter's own rate_limits count more");
      }
      if (limit.onStreamDone()) {
        at.field("apply_on_stream_done")
            .warn("true", "false: only a filter's own rate_limits count streams that are over");
      }
      plain.add(
          new RateLimit(
              limit.stage(),
              limit.actions(),
              limit.limit(),
              new RateLimit.Hits.Default(),
              false,
              limit.headers()));
    }
    return plain;
  }

  /** Those of a filter. */
  public List<RateLimit> parse(
      List<io.envoyproxy.envoy.config.route.v3.RateLimit> protos, ParseScope parent) {
    if (protos.isEmpty()) {
      return List.of();
    }
    List<RateLimit> limits = new ArrayList<>(protos.size());
    for (int i = 0; i < protos.size(); i++) {
      limits.add(limit(protos.get(i), parent.field("rate_limits", i)));
    }
    return limits;
  }

  private RateLimit limit(io.envoyproxy.envoy.config.route.v3.RateLimit proto, ParseScope scope) {
    LIMIT.check(proto, scope);
    int stage = proto.getStage().getValue();
    if (stage < 0 || stage > STAGE_MAX) {
      scope.field("stage").error(Integer.toUnsignedString(stage), "0 to " + STAGE_MAX);
    }
    if (proto.getActionsCount() == 0) {
      scope.field("actions").error("none", "at least one");
    }
    List<RateLimit.Action> actions = new ArrayList<>(proto.getActionsCount());
    for (int i = 0; i < proto.getActionsCount(); i++) {
      action(proto.getActions(i), scope.field("actions", i)).ifPresent(actions::add);
    }
    Optional<MetadataPlace> limit = Optional.empty();
    if (proto.hasLimit()) {
      ParseScope at = scope.field("limit");
      OVERRIDE.check(proto.getLimit(), at);
      ParseScope metadata = at.field("dynamic_metadata");
      OVERRIDE_METADATA.check(proto.getLimit().getDynamicMetadata(), metadata);
      limit =
          place(
              proto.getLimit().getDynamicMetadata().getMetadataKey(),
              metadata.field("metadata_key"));
    }
    return new RateLimit(
        stage,
        actions,
        limit,
        proto.hasHitsAddend()
            ? hits(proto.getHitsAddend(), scope.field("hits_addend"))
            : new RateLimit.Hits.Default(),
        proto.getApplyOnStreamDone(),
        switch (NewerFields.number(proto, NewerFields.LIMIT_HEADERS)) {
          case 0 -> LimitHeaders.OF_FILTER;
          case 1 -> LimitHeaders.OFF;
          case 2 -> LimitHeaders.ON;
          default -> {
            scope.field("x_ratelimit_option").error("unknown", "OFF or DRAFT_VERSION_03");
            yield LimitHeaders.OF_FILTER;
          }
        });
  }

  private RateLimit.Hits hits(HitsAddend proto, ParseScope scope) {
    HITS.check(proto, scope);
    if (!proto.getFormat().isEmpty()) {
      if (proto.hasNumber()) {
        scope.error("number and format", "only one of them");
      }
      return format(proto.getFormat(), scope.field("format"))
          .<RateLimit.Hits>map(RateLimit.Hits.Formatted::new)
          .orElseGet(RateLimit.Hits.Default::new);
    }
    if (!proto.hasNumber()) {
      return new RateLimit.Hits.Default();
    }
    long number = proto.getNumber().getValue();
    if (number < 0 || number > HITS_MAX) {
      scope.field("number").error(Long.toUnsignedString(number), "at most " + HITS_MAX);
    }
    return new RateLimit.Hits.Fixed(number);
  }

  /** The one action that is newer than the message's class. */
  private Optional<RateLimit.Action> addressMatch(Action proto, ParseScope scope) {
    ParseScope at = scope.field("remote_address_match");
    List<UnknownFieldSet> values =
        NewerFields.companions(
            proto,
            NewerFields.REMOTE_ADDRESS_MATCH,
            "envoy.config.route.v3.RateLimit.Action.RemoteAddressMatch",
            at);
    if (values.isEmpty()) {
      scope.error("no action", "one action");
      return Optional.empty();
    }
    UnknownFieldSet match = values.getLast();
    List<IpRange> ranges = new ArrayList<>();
    boolean invert = false;
    ParseScope matcherAt = at.field("address_matcher");
    for (AddressMatcher matcher :
        NewerFields.messages(match, 4, AddressMatcher.parser(), matcherAt)) {
      ADDRESSES.check(matcher, matcherAt);
      invert = NewerFields.flag(matcher, NewerFields.INVERT_ADDRESS);
      for (int i = 0; i < matcher.getRangesCount(); i++) {
        CidrRange range =
            CidrRange.newBuilder()
                .setAddressPrefix(matcher.getRanges(i).getAddressPrefix())
                .setPrefixLen(matcher.getRanges(i).getPrefixLen())
                .build();
        AddressParser.prefix(range, matcherAt.field("ranges", i))
            .ifPresent(prefix -> ranges.add(IpRange.of(prefix, AddressParser.prefixLength(range))));
      }
    }
    boolean inverted = invert;
    return text(NewerFields.text(match, 1), at.field("descriptor_value"))
        .map(
            value ->
                new RateLimit.Action.AddressMatch(
                    or(NewerFields.text(match, 2), "remote_address_match"),
                    value,
                    NewerFields.text(match, 3),
                    ranges,
                    inverted));
  }

  private Optional<Formatter> format(String text, ParseScope scope) {
    Validation<Formatter> format = Formatter.parse(text, "", ticker, scope.origin(), scope.path());
    return scope.out().absorb(format) ? Optional.of(format.orElseThrow()) : Optional.empty();
  }

  private Optional<RateLimit.Text> text(String text, ParseScope scope) {
    if (text.isEmpty()) {
      scope.error("\"\"", "at least one character");
    }
    return text.indexOf('%') < 0
        ? Optional.of(new RateLimit.Text.Literal(text))
        : format(text, scope).map(RateLimit.Text.Formatted::new);
  }

  private static String required(String text, ParseScope scope) {
    if (text.isEmpty()) {
      scope.error("\"\"", "at least one character");
    }
    return text;
  }

  private static String or(String text, String otherwise) {
    return text.isEmpty() ? otherwise : text;
  }

  // the deprecated action still comes from older control planes
  @SuppressWarnings("deprecation")
  private Optional<RateLimit.Action> action(Action proto, ParseScope scope) {
    ACTION.check(proto, scope);
    return switch (proto.getActionSpecifierCase()) {
      case SOURCE_CLUSTER -> Optional.of(new RateLimit.Action.SourceCluster());
      case DESTINATION_CLUSTER -> Optional.of(new RateLimit.Action.DestinationCluster());
      case REMOTE_ADDRESS -> Optional.of(new RateLimit.Action.RemoteAddress());
      case REQUEST_HEADERS -> requestHeader(proto, scope.field("request_headers"));
      case QUERY_PARAMETERS -> {
        var query = proto.getQueryParameters();
        ParseScope at = scope.field("query_parameters");
        QUERY.check(query, at);
        yield Optional.of(
            new RateLimit.Action.QueryParameter(
                required(query.getQueryParameterName(), at.field("query_parameter_name")),
                required(query.getDescriptorKey(), at.field("descriptor_key")),
                query.getSkipIfAbsent()));
      }
      case GENERIC_KEY -> {
        ParseScope at = scope.field("generic_key");
        GENERIC.check(proto.getGenericKey(), at);
        yield text(proto.getGenericKey().getDescriptorValue(), at.field("descriptor_value"))
            .map(
                value ->
                    new RateLimit.Action.GenericKey(
                        or(proto.getGenericKey().getDescriptorKey(), "generic_key"), value));
      }
      case HEADER_VALUE_MATCH -> headerMatch(proto, scope.field("header_value_match"));
      case QUERY_PARAMETER_VALUE_MATCH ->
          queryMatch(proto, scope.field("query_parameter_value_match"));
      case METADATA -> {
        var metadata = proto.getMetadata();
        ParseScope at = scope.field("metadata");
        METADATA.check(metadata, at);
        if (metadata.getSource() == Action.MetaData.Source.UNRECOGNIZED) {
          at.field("source").error("unknown", "DYNAMIC or ROUTE_ENTRY");
        }
        yield place(metadata.getMetadataKey(), at.field("metadata_key"))
            .map(
                place ->
                    new RateLimit.Action.MetadataText(
                        required(metadata.getDescriptorKey(), at.field("descriptor_key")),
                        place,
                        metadata.getSource() == Action.MetaData.Source.ROUTE_ENTRY,
                        metadata.getDefaultValue(),
                        metadata.getSkipIfAbsent()));
      }
      case DYNAMIC_METADATA -> {
        var metadata = proto.getDynamicMetadata();
        ParseScope at = scope.field("dynamic_metadata");
        DYNAMIC.check(metadata, at);
        yield place(metadata.getMetadataKey(), at.field("metadata_key"))
            .map(
                place ->
                    new RateLimit.Action.MetadataText(
                        required(metadata.getDescriptorKey(), at.field("descriptor_key")),
                        place,
                        false,
                        metadata.getDefaultValue(),
                        false));
      }
      case MASKED_REMOTE_ADDRESS -> masked(proto, scope.field("masked_remote_address"));
      // reported by the check above
      case EXTENSION -> Optional.empty();
      case ACTIONSPECIFIER_NOT_SET -> addressMatch(proto, scope);
    };
  }

  private static Optional<RateLimit.Action> requestHeader(Action proto, ParseScope scope) {
    var header = proto.getRequestHeaders();
    REQUEST_HEADERS.check(header, scope);
    return RouteActionParser.headerName(header.getHeaderName(), scope.field("header_name"))
        .map(
            name ->
                new RateLimit.Action.RequestHeader(
                    name,
                    required(header.getDescriptorKey(), scope.field("descriptor_key")),
                    header.getSkipIfAbsent()));
  }

  private static Optional<RateLimit.Action> masked(Action proto, ParseScope scope) {
    var masked = proto.getMaskedRemoteAddress();
    MASKED.check(masked, scope);
    int v4 = masked.hasV4PrefixMaskLen() ? masked.getV4PrefixMaskLen().getValue() : 32;
    int v6 = masked.hasV6PrefixMaskLen() ? masked.getV6PrefixMaskLen().getValue() : 128;
    if (v4 < 0 || v4 > 32) {
      scope.field("v4_prefix_mask_len").error(Integer.toUnsignedString(v4), "0 to 32");
    }
    if (v6 < 0 || v6 > 128) {
      scope.field("v6_prefix_mask_len").error(Integer.toUnsignedString(v6), "0 to 128");
    }
    return Optional.of(new RateLimit.Action.MaskedRemoteAddress(v4, v6));
  }

  private Optional<RateLimit.Action> headerMatch(Action proto, ParseScope scope) {
    var match = proto.getHeaderValueMatch();
    HEADER_MATCH.check(match, scope);
    if (match.getHeadersCount() == 0) {
      scope.field("headers").error("none", "at least one");
    }
    List<HeaderMatcher> headers =
        HeaderMatcherParser.parseAll(match.getHeadersList(), scope, "headers");
    return text(match.getDescriptorValue(), scope.field("descriptor_value"))
        .map(
            value ->
                new RateLimit.Action.HeaderMatch(
                    or(match.getDescriptorKey(), "header_match"),
                    value,
                    !match.hasExpectMatch() || match.getExpectMatch().getValue(),
                    headers));
  }

  private Optional<RateLimit.Action> queryMatch(Action proto, ParseScope scope) {
    var match = proto.getQueryParameterValueMatch();
    QUERY_MATCH.check(match, scope);
    if (match.getQueryParametersCount() == 0) {
      scope.field("query_parameters").error("none", "at least one");
    }
    List<QueryParameterMatcher> parameters = new ArrayList<>();
    for (int i = 0; i < match.getQueryParametersCount(); i++) {
      RouteMatcherParser.query(match.getQueryParameters(i), scope.field("query_parameters", i))
          .ifPresent(parameters::add);
    }
    return text(match.getDescriptorValue(), scope.field("descriptor_value"))
        .map(
            value ->
                new RateLimit.Action.QueryMatch(
                    or(match.getDescriptorKey(), "query_match"),
                    value,
                    !match.hasExpectMatch() || match.getExpectMatch().getValue(),
                    parameters));
  }

  private static Optional<MetadataPlace> place(MetadataKey proto, ParseScope scope) {
    KEY.check(proto, scope);
    required(proto.getKey(), scope.field("key"));
    if (proto.getPathCount() == 0) {
      scope.field("path").error("none", "at least one key");
      return Optional.empty();
    }
    List<String> path = new ArrayList<>(proto.getPathCount());
    for (int i = 0; i < proto.getPathCount(); i++) {
      SEGMENT.check(proto.getPath(i), scope.field("path", i));
      path.add(required(proto.getPath(i).getKey(), scope.field("path", i).field("key")));
    }
    return Optional.of(new MetadataPlace(proto.getKey(), path));
  }
}
