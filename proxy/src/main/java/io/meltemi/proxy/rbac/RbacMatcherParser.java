package io.meltemi.proxy.rbac;

import com.github.xds.core.v3.TypedExtensionConfig;
import com.github.xds.type.matcher.v3.Matcher;
import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.rbac.v3.Action;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DirectSourceIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.ServerNameInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.SourceIPInput;
import io.envoyproxy.envoy.extensions.matching.input_matchers.ip.v3.Ip;
import io.envoyproxy.envoy.extensions.matching.input_matchers.metadata.v3.Metadata;
import io.envoyproxy.envoy.type.matcher.v3.HttpRequestHeaderMatchInput;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.AddressIndex;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.matcher.MatchTree;
import io.meltemi.proxy.matcher.MatchTreeParser;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.parse.AddressParser;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Match trees of access control: what they may ask, and the actions at their leaves. */
final class RbacMatcherParser {
  private static final SupportedFields ACTION = SupportedFields.of(Action.class, "name", "action");
  private static final SupportedFields HEADER =
      SupportedFields.of(HttpRequestHeaderMatchInput.class, "header_name");
  private static final SupportedFields METADATA_INPUT =
      SupportedFields.of(DynamicMetadataInput.class, "filter", "path");
  private static final SupportedFields SEGMENT =
      SupportedFields.of(DynamicMetadataInput.PathSegment.class, "key");
  private static final SupportedFields METADATA =
      SupportedFields.of(Metadata.class, "value", "invert");
  private static final SupportedFields IP =
      SupportedFields.of(Ip.class, "cidr_ranges", "stat_prefix");

  private final List<RbacMatchEngine.Leaf> leaves = new ArrayList<>();

  private RbacMatcherParser() {}

  static RbacMatchEngine parse(Matcher proto, ParseScope scope) {
    RbacMatcherParser parser = new RbacMatcherParser();
    MatchTree<AccessRequest, RbacMatchEngine.Leaf> tree =
        new MatchTreeParser<>(new Inputs(), parser::leaf).parse(proto, scope);
    return new RbacMatchEngine(tree, parser.leaves);
  }

  private Optional<RbacMatchEngine.Leaf> leaf(TypedExtensionConfig config, ParseScope scope) {
    ParseScope at = scope.field("typed_config");
    Any any = config.getTypedConfig();
    if (!MessageTypes.holds(any, Action.class)) {
      at.unsupported(config.getName() + " " + any.getTypeUrl());
      return Optional.empty();
    }
    return at.unpack(any, Action.class, ACTION)
        .map(
            proto -> {
              if (proto.getName().isEmpty()) {
                at.field("name").error("\"\"", "at least one character");
              }
              RbacMatchEngine.Leaf leaf =
                  new RbacMatchEngine.Leaf(
                      leaves.size(), proto.getName(), action(proto, at.field("action")));
              leaves.add(leaf);
              return leaf;
            });
  }

  private static RbacEngine.Action action(Action proto, ParseScope scope) {
    return switch (proto.getAction()) {
      case ALLOW -> RbacEngine.Action.ALLOW;
      case DENY -> RbacEngine.Action.DENY;
      case LOG -> RbacEngine.Action.LOG;
      case UNRECOGNIZED -> {
        scope.error(String.valueOf(proto.getActionValue()), "ALLOW, DENY or LOG");
        yield RbacEngine.Action.DENY;
      }
    };
  }

  /** What can be asked about a request or a connection. */
  private static final class Inputs implements MatchTreeParser.Inputs<AccessRequest> {
    @Override
    public Optional<MatchTree.Test<AccessRequest>> text(
        TypedExtensionConfig input, StringMatcher matcher, ParseScope scope) {
      return subject(input, scope)
          .map(subject -> new Condition.Text(subject, new TextTest.One(matcher)));
    }

    @Override
    public Optional<MatchTree.Text<AccessRequest>> text(
        TypedExtensionConfig input, ParseScope scope) {
      return subject(input, scope).map(subject -> request -> subject.text(request));
    }

    private static Optional<Subject> subject(TypedExtensionConfig input, ParseScope scope) {
      Any any = input.getTypedConfig();
      ParseScope at = scope.field("typed_config");
      if (MessageTypes.holds(any, HttpRequestHeaderMatchInput.class)) {
        return at.unpack(any, HttpRequestHeaderMatchInput.class)
            .flatMap(proto -> header(proto, at));
      }
      if (MessageTypes.holds(any, ServerNameInput.class)) {
        return Optional.of(new Subject.ServerName());
      }
      if (MessageTypes.holds(any, DestinationPortInput.class)) {
        return Optional.of(new Subject.LocalPort());
      }
      Condition.@Nullable Address address = address(any);
      if (address != null) {
        return Optional.of(new Subject.AddressText(address));
      }
      at.unsupported(input.getName() + " " + any.getTypeUrl());
      return Optional.empty();
    }

    private static Optional<Subject> header(HttpRequestHeaderMatchInput proto, ParseScope at) {
      HEADER.check(proto, at);
      if (!HeaderName.isValid(proto.getHeaderName())) {
        at.field("header_name").error("\"" + proto.getHeaderName() + "\"", "a header name");
        return Optional.empty();
      }
      return Optional.of(new Subject.Header(HeaderName.of(proto.getHeaderName()), false));
    }

    private static Condition.@Nullable Address address(Any any) {
      if (MessageTypes.holds(any, SourceIPInput.class)) {
        return Condition.Address.REMOTE;
      }
      if (MessageTypes.holds(any, DirectSourceIPInput.class)) {
        return Condition.Address.DIRECT_REMOTE;
      }
      return MessageTypes.holds(any, DestinationIPInput.class) ? Condition.Address.LOCAL : null;
    }

    @Override
    public Optional<MatchTree.Test<AccessRequest>> custom(
        TypedExtensionConfig input, TypedExtensionConfig matcher, ParseScope scope) {
      Any asked = input.getTypedConfig();
      Any any = matcher.getTypedConfig();
      ParseScope inputAt = scope.field("input").field("typed_config");
      ParseScope matcherAt = scope.field("custom_match").field("typed_config");
      if (MessageTypes.holds(any, Ip.class)) {
        Condition.@Nullable Address address = address(asked);
        if (address == null) {
          inputAt.unsupported(input.getName() + " " + asked.getTypeUrl());
          return Optional.empty();
        }
        return matcherAt.unpack(any, Ip.class).flatMap(proto -> ranges(address, proto, matcherAt));
      }
      if (MessageTypes.holds(any, Metadata.class)) {
        if (!MessageTypes.holds(asked, DynamicMetadataInput.class)) {
          inputAt.unsupported(input.getName() + " " + asked.getTypeUrl());
          return Optional.empty();
        }
        Optional<MetadataPath> path =
            inputAt.unpack(asked, DynamicMetadataInput.class).flatMap(in -> path(in, inputAt));
        Optional<Metadata> proto = matcherAt.unpack(any, Metadata.class);
        if (path.isEmpty() || proto.isEmpty()) {
          return Optional.empty();
        }
        METADATA.check(proto.get(), matcherAt);
        return RbacParser.value(proto.get().getValue(), matcherAt.field("value"))
            .map(test -> new Condition.Value(path.get(), test, proto.get().getInvert()));
      }
      matcherAt.unsupported(matcher.getName() + " " + any.getTypeUrl());
      return Optional.empty();
    }

    private static Optional<MetadataPath> path(DynamicMetadataInput proto, ParseScope scope) {
      METADATA_INPUT.check(proto, scope);
      if (proto.getFilter().isEmpty()) {
        scope.field("filter").error("\"\"", "a namespace");
      }
      List<String> keys = new ArrayList<>(proto.getPathCount());
      for (int i = 0; i < proto.getPathCount(); i++) {
        ParseScope at = scope.field("path", i);
        SEGMENT.check(proto.getPath(i), at);
        if (proto.getPath(i).getKey().isEmpty()) {
          at.field("key").error("\"\"", "a key");
        }
        keys.add(proto.getPath(i).getKey());
      }
      if (keys.isEmpty()) {
        scope.field("path").error("none", "at least one key");
        return Optional.empty();
      }
      return Optional.of(new MetadataPath(false, proto.getFilter(), keys));
    }

    private static Optional<MatchTree.Test<AccessRequest>> ranges(
        Condition.Address address, Ip proto, ParseScope scope) {
      IP.check(proto, scope);
      if (proto.getCidrRangesCount() == 0) {
        scope.field("cidr_ranges").error("none", "at least one");
      }
      if (proto.getStatPrefix().isEmpty()) {
        scope.field("stat_prefix").error("\"\"", "at least one character");
      }
      AddressIndex.Builder ranges = new AddressIndex.Builder();
      for (int i = 0; i < proto.getCidrRangesCount(); i++) {
        var range = proto.getCidrRanges(i);
        AddressParser.prefix(range, scope.field("cidr_ranges", i))
            .ifPresent(
                prefix -> ranges.add(IpRange.of(prefix, AddressParser.prefixLength(range)), 0));
      }
      return Optional.of(
          new Condition.InRanges(address, ranges.build(), proto.getCidrRangesCount()));
    }
  }
}
