package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.route.RetryPolicy;
import io.meltemi.proxy.route.RetryPolicy.Condition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Whether and when a failed try is repeated: the route's policy, joined by what an internal request
 * asks for in its headers. Reused per stream.
 */
final class RetryState {
  /** Every status a response may have, so that looking one up makes no garbage. */
  private static final Integer[] BOXED = new Integer[600];

  static {
    Arrays.setAll(BOXED, Integer::valueOf);
  }

  static final HeaderName RETRY_ON = HeaderName.of("x-envoy-retry-on");
  static final HeaderName RETRY_GRPC_ON = HeaderName.of("x-envoy-retry-grpc-on");
  static final HeaderName MAX_RETRIES = HeaderName.of("x-envoy-max-retries");
  static final HeaderName RETRIABLE_STATUS_CODES = HeaderName.of("x-envoy-retriable-status-codes");
  static final HeaderName RETRIABLE_HEADER_NAMES = HeaderName.of("x-envoy-retriable-header-names");
  private static final HeaderName RATELIMITED = HeaderName.of("x-envoy-ratelimited");

  private static final HeaderName[] ASKING = {
    RETRY_ON, RETRY_GRPC_ON, MAX_RETRIES, RETRIABLE_STATUS_CODES, RETRIABLE_HEADER_NAMES
  };

  /** What a decision came to. */
  enum Decision {
    NO,
    /** Would have been repeated, had there been tries left. */
    LIMIT,
    /** Would have been repeated, had the circuit breaker let it. */
    OVERFLOW,
    YES
  }

  private final Set<Condition> conditions = EnumSet.noneOf(Condition.class);
  private final Set<Integer> statuses = new TreeSet<>();
  private final List<HeaderName> headerNames = new ArrayList<>();
  private final List<Host> tried = new ArrayList<>();

  /** Priorities of the hosts tried. */
  private final BitSet seen = new BitSet();

  /** Those that are not to be tried again while others are left. */
  private final BitSet avoided = new BitSet();

  private int untilAvoided;
  private @Nullable RetryPolicy policy;
  private @Nullable Cluster cluster;
  private boolean active;
  private boolean placeTaken;
  private int left;
  private int made;

  /** Starts over for a request; what the route says is looked at only when a try fails. */
  void begin(@Nullable RetryPolicy routePolicy, HeaderBlock headers, Cluster target) {
    clear();
    if (routePolicy != null && requestMatches(routePolicy, headers)) {
      policy = routePolicy;
      left = routePolicy.retriesMax();
      active = left > 0;
    }
    if (headers.contains(RETRY_ON) || headers.contains(RETRY_GRPC_ON)) {
      addAsked(headers);
      active = left > 0;
      for (HeaderName name : ASKING) {
        headers.remove(name);
      }
    }
    cluster = target;
  }

  private boolean has(Condition condition) {
    RetryPolicy present = policy;
    return conditions.contains(condition)
        || (present != null && present.retryOn().contains(condition));
  }

  private boolean hasStatus(int status) {
    RetryPolicy present = policy;
    Integer boxed = BOXED[status];
    return statuses.contains(boxed)
        || (present != null && present.response().statuses().contains(boxed));
  }

  private void addAsked(HeaderBlock headers) {
    for (HeaderName name : List.of(RETRY_ON, RETRY_GRPC_ON)) {
      String list = headers.get(name);
      if (list != null) {
        conditions.addAll(RetryPolicy.conditions(list));
      }
    }
    left = Math.max(left, 1);
    String max = headers.get(MAX_RETRIES);
    if (max != null) {
      left = number(max, left);
    }
    String codes = headers.get(RETRIABLE_STATUS_CODES);
    if (codes != null) {
      for (String code : codes.split(",", -1)) {
        statuses.add(number(code.strip(), 0));
      }
    }
    String names = headers.get(RETRIABLE_HEADER_NAMES);
    if (names != null) {
      for (String name : names.split(",", -1)) {
        if (HeaderName.isValid(name.strip())) {
          headerNames.add(HeaderName.of(name.strip()));
        }
      }
    }
  }

  private static int number(String text, int otherwise) {
    try {
      return Math.max(0, Integer.parseInt(text));
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  private static boolean requestMatches(RetryPolicy policy, HeaderBlock headers) {
    List<HeaderMatcher> wanted = policy.response().requestHeaders();
    return wanted.isEmpty() || anyMatches(wanted, headers);
  }

  private static boolean anyMatches(List<HeaderMatcher> matchers, HeaderBlock headers) {
    for (HeaderMatcher matcher : matchers) {
      if (matcher.matches(headers, MatchTrace.NONE)) {
        return true;
      }
    }
    return false;
  }

  /** Whether another try may come at all, so that the body must be kept. */
  boolean isActive() {
    return active;
  }

  /** No further try: the body could not be kept. */
  void giveUp() {
    active = false;
  }

  /** The response is on its way to the client or the stream is over. */
  void clear() {
    releasePlace();
    active = false;
    policy = null;
    cluster = null;
    left = 0;
    made = 0;
    if (!conditions.isEmpty()) {
      conditions.clear();
    }
    if (!statuses.isEmpty()) {
      statuses.clear();
    }
    if (!headerNames.isEmpty()) {
      headerNames.clear();
    }
    if (!tried.isEmpty()) {
      tried.clear();
      avoidNoPriority();
    }
  }

  private void releasePlace() {
    Cluster present = cluster;
    if (placeTaken && present != null) {
      placeTaken = false;
      present.circuitBreakers().releaseRetry();
    }
  }

  int made() {
    return made;
  }

  void tried(Host host) {
    if (!active) {
      return;
    }
    tried.add(host);
    RetryPolicy present = policy;
    if (present != null && present.hosts().prioritiesAfter() > 0) {
      seen.set(host.placement().priority());
      if (++untilAvoided % present.hosts().prioritiesAfter() == 0) {
        avoided.or(seen);
      }
    }
  }

  boolean avoidsPriorities() {
    return !avoided.isEmpty();
  }

  boolean avoids(int priority) {
    return avoided.get(priority);
  }

  void avoidNoPriority() {
    untilAvoided = 0;
    seen.clear();
    avoided.clear();
  }

  boolean rejects(Host host) {
    RetryPolicy present = policy;
    if (present == null || tried.isEmpty()) {
      return false;
    }
    RetryPolicy.HostSelection hosts = present.hosts();
    return (hosts.notPrevious() && tried.contains(host))
        || (hosts.noCanaries() && Boolean.TRUE.equals(host.lbMetadata().get("canary")))
        || (!hosts.notWith().isEmpty()
            && host.lbMetadata().entrySet().containsAll(hosts.notWith().entrySet()));
  }

  int hostAttemptsMax() {
    RetryPolicy present = policy;
    return present == null || tried.isEmpty() ? 1 : 1 + present.hosts().attemptsMax();
  }

  Decision onResponse(int status, HeaderBlock headers) {
    return active && isRetriable(status, headers) ? decide() : Decision.NO;
  }

  /**
   * @param refused whether the host has not looked at the request
   */
  Decision onReset(boolean connectFailure, boolean requestSent, boolean refused) {
    if (!active) {
      return Decision.NO;
    }
    boolean retriable =
        has(Condition.FIVE_XX)
            || has(Condition.GATEWAY_ERROR)
            || has(Condition.RESET)
            || (has(Condition.RESET_BEFORE_REQUEST) && !requestSent)
            || (has(Condition.CONNECT_FAILURE) && connectFailure)
            || (has(Condition.REFUSED_STREAM) && refused);
    return retriable ? decide() : Decision.NO;
  }

  /** A try was over its time. */
  Decision onTryTimeout() {
    boolean retriable = has(Condition.FIVE_XX) || has(Condition.GATEWAY_ERROR);
    return active && retriable ? decide() : Decision.NO;
  }

  private Decision decide() {
    Cluster present = cluster;
    if (left <= 0 || present == null) {
      return Decision.LIMIT;
    }
    releasePlace();
    if (!present.circuitBreakers().tryRetry()) {
      return Decision.OVERFLOW;
    }
    placeTaken = true;
    left--;
    made++;
    return Decision.YES;
  }

  private boolean isRetriable(int status, HeaderBlock headers) {
    if (headers.contains(RATELIMITED)) {
      return has(Condition.ENVOY_RATELIMITED);
    }
    return (status >= 500 && has(Condition.FIVE_XX))
        || (status >= 502 && status <= 504 && has(Condition.GATEWAY_ERROR))
        || (status == 409 && has(Condition.RETRIABLE_4XX))
        || (has(Condition.RETRIABLE_STATUS_CODES) && hasStatus(status))
        || (has(Condition.RETRIABLE_HEADERS) && hasRetriableHeader(headers))
        || isRetriableGrpc(headers);
  }

  private boolean hasRetriableHeader(HeaderBlock headers) {
    RetryPolicy present = policy;
    if (present != null && anyMatches(present.response().headers(), headers)) {
      return true;
    }
    for (HeaderName name : headerNames) {
      if (headers.contains(name)) {
        return true;
      }
    }
    return false;
  }

  private boolean isRetriableGrpc(HeaderBlock headers) {
    return switch (GrpcHeaders.status(headers)) {
      case 1 -> has(Condition.CANCELLED);
      case 4 -> has(Condition.DEADLINE_EXCEEDED);
      case 8 -> has(Condition.RESOURCE_EXHAUSTED);
      case 13 -> has(Condition.INTERNAL);
      case 14 -> has(Condition.UNAVAILABLE);
      default -> false;
    };
  }

  /** Random pause before the next try, in nanoseconds. */
  long backOffNanos(LoopContext loop) {
    RetryPolicy present = policy;
    RetryPolicy.BackOff backOff = present == null ? RetryPolicy.BackOff.DEFAULT : present.backOff();
    double ceiling = (double) backOff.baseNanos() * (Math.pow(2, Math.min(made, 30)) - 1);
    long bound = (long) Math.min(ceiling, (double) backOff.maxNanos());
    return bound <= 0 ? 0 : Long.remainderUnsigned(loop.random(), bound);
  }
}
