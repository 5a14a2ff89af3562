package io.meltemi.proxy.listener;

import com.github.xds.core.v3.TypedExtensionConfig;
import com.google.protobuf.Any;
import com.google.protobuf.StringValue;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.ApplicationProtocolInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.ServerNameInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.SourceIPInput;
import io.envoyproxy.envoy.extensions.matching.common_inputs.network.v3.TransportProtocolInput;
import io.meltemi.proxy.listener.FilterChainMatcher.Query;
import io.meltemi.proxy.matcher.MatchTree;
import io.meltemi.proxy.matcher.MatchTreeParser;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A listener's {@code filter_chain_matcher}: a tree of questions whose leaves name chains. Of
 * inputs it knows addresses, ports, the server's name and what was detected.
 */
final class ChainChoice implements MatchTreeParser.Inputs<Query> {
  private final List<FilterChain> chains;

  private ChainChoice(List<FilterChain> chains) {
    this.chains = chains;
  }

  static MatchTree<Query, FilterChain> parse(
      com.github.xds.type.matcher.v3.Matcher proto, List<FilterChain> chains, ParseScope scope) {
    ChainChoice choice = new ChainChoice(chains);
    return new MatchTreeParser<>(choice, choice::chain).parse(proto, scope);
  }

  private Optional<FilterChain> chain(TypedExtensionConfig action, ParseScope scope) {
    ParseScope at = scope.field("typed_config");
    Any config = action.getTypedConfig();
    if (!MessageTypes.holds(config, StringValue.class)) {
      at.unsupported(action.getName() + " " + config.getTypeUrl());
      return Optional.empty();
    }
    Optional<String> name = at.unpack(config, StringValue.class).map(StringValue::getValue);
    Optional<FilterChain> found =
        name.flatMap(
            wanted -> chains.stream().filter(chain -> chain.name().equals(wanted)).findFirst());
    if (found.isEmpty()) {
      // Differs from Envoy, which closes the connections that are led there
      at.error(name.orElse(""), "the name of a filter chain");
    }
    return found;
  }

  @Override
  public Optional<MatchTree.Text<Query>> text(TypedExtensionConfig input, ParseScope scope) {
    Any any = input.getTypedConfig();
    if (MessageTypes.holds(any, DestinationPortInput.class)) {
      return Optional.of(ChainChoice::port);
    }
    if (MessageTypes.holds(any, ApplicationProtocolInput.class)) {
      return Optional.of(ChainChoice::protocols);
    }
    if (MessageTypes.holds(any, TransportProtocolInput.class)) {
      return Optional.of(Query::transportProtocol);
    }
    if (MessageTypes.holds(any, ServerNameInput.class)) {
      return Optional.of(query -> query.serverName().isEmpty() ? null : query.serverName());
    }
    Optional<MatchTree.Address<Query>> address = ip(any);
    if (address.isEmpty()) {
      scope.field("typed_config").unsupported(input.getName() + " " + any.getTypeUrl());
    }
    return address.map(
        of ->
            query -> {
              InetAddress ip = of.of(query);
              return ip == null ? null : ip.getHostAddress();
            });
  }

  @Override
  public Optional<MatchTree.Test<Query>> text(
      TypedExtensionConfig input, StringMatcher matcher, ParseScope scope) {
    return text(input, scope)
        .map(
            text ->
                (query, _) -> {
                  String value = text.of(query);
                  return value != null && matcher.matches(value);
                });
  }

  @Override
  public Optional<MatchTree.Test<Query>> custom(
      TypedExtensionConfig input, TypedExtensionConfig matcher, ParseScope scope) {
    scope
        .field("custom_match")
        .unsupported(matcher.getName() + " " + matcher.getTypedConfig().getTypeUrl());
    return Optional.empty();
  }

  @Override
  public Optional<MatchTree.Address<Query>> address(TypedExtensionConfig input, ParseScope scope) {
    Optional<MatchTree.Address<Query>> found = ip(input.getTypedConfig());
    if (found.isEmpty()) {
      scope
          .field("typed_config")
          .unsupported(input.getName() + " " + input.getTypedConfig().getTypeUrl());
    }
    return found;
  }

  private static Optional<MatchTree.Address<Query>> ip(Any any) {
    if (MessageTypes.holds(any, DestinationIPInput.class)) {
      return Optional.of(query -> ip(query.destination()));
    }
    if (MessageTypes.holds(any, SourceIPInput.class)) {
      return Optional.of(query -> ip(query.source()));
    }
    return Optional.empty();
  }

  private static @Nullable InetAddress ip(SocketAddress address) {
    return address instanceof InetSocketAddress inet ? inet.getAddress() : null;
  }

  private static @Nullable String port(Query query) {
    return query.destination() instanceof InetSocketAddress inet
        ? Integer.toString(inet.getPort())
        : null;
  }

  /** {@code 'h2','http/1.1'}. */
  private static @Nullable String protocols(Query query) {
    return query.applicationProtocols().isEmpty()
        ? null
        : "'" + String.join("','", query.applicationProtocols()) + "'";
  }
}
