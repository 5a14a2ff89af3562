package io.meltemi.proxy.listener;

import io.envoyproxy.envoy.config.listener.v3.ListenerFilterChainMatchPredicate;
import io.envoyproxy.envoy.config.listener.v3.ListenerFilterChainMatchPredicate.MatchSet;
import io.meltemi.proxy.parse.ParseScope;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * A listener filter that connections to some destination ports do without (Envoy's {@code
 * filter_disabled}). The port is the restored one where an earlier filter restored it.
 *
 * @param filter used for all other ports
 * @param disabled asked for the destination port, -1 where the address has none
 */
record UnlessPort(ListenerFilterConfig filter, IntPredicate disabled)
    implements ListenerFilterConfig {
  private static final int DEPTH_MAX = 16;

  @Override
  public ListenerFilter newFilter() {
    return new Guard(filter.newFilter(), disabled);
  }

  /** One connection's filter, or its absence. */
  private record Guard(ListenerFilter inner, IntPredicate disabled) implements ListenerFilter {
    @Override
    public Status onAccept(AcceptedSocket socket) {
      int port =
          socket.localAddress() instanceof InetSocketAddress address ? address.getPort() : -1;
      return disabled.test(port) ? Status.DONE : inner.onAccept(socket);
    }

    @Override
    public Status onData(AcceptedSocket socket, ByteBuf peeked) {
      return inner.onData(socket, peeked);
    }

    @Override
    public int bytesMax() {
      return inner.bytesMax();
    }
  }

  /** The predicate of a message; what is wrong goes into the scope. */
  static IntPredicate parse(ListenerFilterChainMatchPredicate proto, ParseScope scope) {
    return parse(proto, scope, 0);
  }

  private static IntPredicate parse(
      ListenerFilterChainMatchPredicate proto, ParseScope scope, int depth) {
    if (depth > DEPTH_MAX) {
      scope.error("deeper nesting", DEPTH_MAX + " levels at most");
      return _ -> false;
    }
    return switch (proto.getRuleCase()) {
      case OR_MATCH -> {
        List<IntPredicate> rules = rules(proto.getOrMatch(), scope.field("or_match"), depth);
        yield port -> rules.stream().anyMatch(rule -> rule.test(port));
      }
      case AND_MATCH -> {
        List<IntPredicate> rules = rules(proto.getAndMatch(), scope.field("and_match"), depth);
        yield port -> rules.stream().allMatch(rule -> rule.test(port));
      }
      case NOT_MATCH -> parse(proto.getNotMatch(), scope.field("not_match"), depth + 1).negate();
      case ANY_MATCH -> {
        boolean all = proto.getAnyMatch();
        yield _ -> all;
      }
      case DESTINATION_PORT_RANGE -> {
        int start = proto.getDestinationPortRange().getStart();
        int end = proto.getDestinationPortRange().getEnd();
        if (start >= end) {
          scope
              .field("destination_port_range")
              .error(start + " to " + end, "a start below its end, which is not included");
        }
        yield port -> start <= port && port < end;
      }
      case RULE_NOT_SET -> {
        scope.error("no rule", "one of or_match, and_match, not_match, any_match, a port range");
        yield _ -> false;
      }
    };
  }

  private static List<IntPredicate> rules(MatchSet set, ParseScope scope, int depth) {
    if (set.getRulesCount() < 2) {
      scope.field("rules").error(set.getRulesCount() + " rules", "two at least");
    }
    List<IntPredicate> rules = new ArrayList<>();
    for (int i = 0; i < set.getRulesCount(); i++) {
      rules.add(parse(set.getRules(i), scope.field("rules", i), depth + 1));
    }
    return List.copyOf(rules);
  }
}
