package io.meltemi.proxy.tracing;

import io.envoyproxy.envoy.config.route.v3.Tracing;
import io.envoyproxy.envoy.type.metadata.v3.MetadataKey;
import io.envoyproxy.envoy.type.metadata.v3.MetadataKind;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.FractionParser;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Formatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code route.v3.Tracing} to {@link RouteTracing}, and what it shares with connection managers and
 * access logs. Any thread.
 */
public final class RouteTracingParser {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          Tracing.class,
          "client_sampling",
          "random_sampling",
          "overall_sampling",
          "custom_tags",
          "operation",
          "upstream_operation");
  private static final SupportedFields TAG =
      SupportedFields.of(
          io.envoyproxy.envoy.type.tracing.v3.CustomTag.class,
          "tag",
          "literal",
          "environment",
          "request_header",
          "metadata");
  private static final SupportedFields METADATA =
      SupportedFields.of(
          io.envoyproxy.envoy.type.tracing.v3.CustomTag.Metadata.class,
          "kind",
          "metadata_key",
          "default_value");
  private static final SupportedFields KIND =
      SupportedFields.of(MetadataKind.class, "request", "route");

  private final Formatter.Sources sources;

  public RouteTracingParser(Formatter.Sources sources) {
    this.sources = sources;
  }

  public RouteTracing parse(Tracing proto, ParseScope scope) {
    FIELDS.check(proto, scope);
    return new RouteTracing(
        new Sampling(
            fraction(
                proto.hasClientSampling(),
                proto.getClientSampling(),
                scope.field("client_sampling")),
            fraction(
                proto.hasRandomSampling(),
                proto.getRandomSampling(),
                scope.field("random_sampling")),
            fraction(
                proto.hasOverallSampling(),
                proto.getOverallSampling(),
                scope.field("overall_sampling"))),
        tags(proto.getCustomTagsList(), scope),
        format(NewerFields.text(proto, NewerFields.ROUTE_OPERATION), scope.field("operation")),
        format(
            NewerFields.text(proto, NewerFields.ROUTE_UPSTREAM_OPERATION),
            scope.field("upstream_operation")));
  }

  private static Fraction fraction(boolean present, FractionalPercent proto, ParseScope scope) {
    return present ? FractionParser.parse(proto, scope) : Fraction.ALWAYS;
  }

  /** The format of an operation; empty when there is none. */
  Optional<Formatter> format(String text, ParseScope scope) {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Validation<Formatter> parsed = Formatter.parse(text, "", sources, scope.origin(), scope.path());
    scope.out().absorb(parsed);
    return parsed instanceof Validation.Valid<Formatter> valid
        ? Optional.of(valid.value())
        : Optional.empty();
  }

  /** Tags of the field {@code custom_tags}. */
  public List<CustomTag> tags(
      List<io.envoyproxy.envoy.type.tracing.v3.CustomTag> protos, ParseScope scope) {
    List<CustomTag> tags = new ArrayList<>();
    for (int i = 0; i < protos.size(); i++) {
      tag(protos.get(i), scope.field("custom_tags", i)).ifPresent(tags::add);
    }
    return tags;
  }

  private Optional<CustomTag> tag(
      io.envoyproxy.envoy.type.tracing.v3.CustomTag proto, ParseScope scope) {
    TAG.check(proto, scope);
    String tag = proto.getTag();
    if (tag.isEmpty()) {
      scope.field("tag").error("\"\"", "a name");
    }
    return switch (proto.getTypeCase()) {
      case LITERAL -> {
        if (proto.getLiteral().getValue().isEmpty()) {
          scope.field("literal").field("value").error("\"\"", "at least one character");
        }
        yield Optional.of(new CustomTag.Fixed(tag, proto.getLiteral().getValue()));
      }
      case ENVIRONMENT -> {
        String name = proto.getEnvironment().getName();
        if (name.isEmpty()) {
          scope.field("environment").field("name").error("\"\"", "the name of a variable");
        }
        String value =
            sources.environment().getOrDefault(name, proto.getEnvironment().getDefaultValue());
        yield value.isEmpty() ? Optional.empty() : Optional.of(new CustomTag.Fixed(tag, value));
      }
      case REQUEST_HEADER -> {
        String name = proto.getRequestHeader().getName();
        if (!HeaderName.isValid(name)) {
          scope.field("request_header").field("name").error("\"" + name + "\"", "a header name");
          yield Optional.empty();
        }
        yield Optional.of(
            new CustomTag.Header(
                tag, HeaderName.of(name), proto.getRequestHeader().getDefaultValue()));
      }
      case METADATA -> metadata(tag, proto.getMetadata(), scope.field("metadata"));
      case TYPE_NOT_SET -> {
        if (proto.getUnknownFields().isEmpty()) {
          scope.error("no value", "one of literal, environment, request_header, metadata");
        }
        yield Optional.empty();
      }
    };
  }

  private static Optional<CustomTag> metadata(
      String tag, io.envoyproxy.envoy.type.tracing.v3.CustomTag.Metadata proto, ParseScope scope) {
    METADATA.check(proto, scope);
    KIND.check(proto.getKind(), scope.field("kind"));
    MetadataKey key = proto.getMetadataKey();
    if (key.getKey().isEmpty()) {
      scope.field("metadata_key").field("key").error("\"\"", "a namespace");
    }
    if (key.getPathCount() == 0) {
      scope.field("metadata_key").field("path").error("none", "at least one key");
      return Optional.empty();
    }
    return Optional.of(
        new CustomTag.OfMetadata(
            tag,
            proto.getKind().hasRoute() ? CustomTag.Owner.ROUTE : CustomTag.Owner.REQUEST,
            key.getKey(),
            key.getPathList().stream().map(MetadataKey.PathSegment::getKey).toList(),
            proto.getDefaultValue()));
  }
}
