package io.meltemi.proxy.http.filter.fault;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.http.filter.fault.FaultConfig.Abort;
import io.meltemi.proxy.http.filter.fault.FaultConfig.Conditions;
import io.meltemi.proxy.http.filter.fault.FaultConfig.Delay;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.telemetry.StatScope;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Delays a request, then lets it go on or aborts it. A delayed request counts as an active fault
 * until its stream ends, as in Envoy.
 */
final class FaultFilter implements HttpFilter {
  private static final HeaderName SERVICE_NODE = HeaderName.of("x-envoy-downstream-service-node");
  private static final HeaderName GRPC_STATUS = HeaderName.of("grpc-status");
  private static final HeaderName GRPC_MESSAGE = HeaderName.of("grpc-message");
  private static final String GRPC_TYPE = "application/grpc";
  private static final String TEXT = "fault filter abort";
  private static final String DETAILS = "fault_filter_abort";

  private final FaultConfig chainConfig;
  private final HttpFilterContext context;
  private final Counter delaysInjected;
  private final Counter abortsInjected;
  private final Counter faultsOverflow;
  private final Gauge activeFaults;
  private final LoopTimer timer =
      new LoopTimer() {
        @Override
        protected void onTimeout() {
          onDelayOver();
        }
      };
  private FaultConfig config;
  private boolean active;

  FaultFilter(FaultConfig chainConfig, HttpFilterContext context) {
    this.chainConfig = chainConfig;
    this.config = chainConfig;
    this.context = context;
    StatScope stats = context.stats();
    this.delaysInjected = stats.counter("fault.delays_injected");
    this.abortsInjected = stats.counter("fault.aborts_injected");
    this.faultsOverflow = stats.counter("fault.faults_overflow");
    this.activeFaults = stats.gauge("fault.active_faults");
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    config = context.routeConfig() instanceof FaultConfig ofRoute ? ofRoute : chainConfig;
    if ((config.delay().isEmpty() && config.abort().isEmpty())
        || !holds(config.conditions(), headers)) {
      return FilterStatus.CONTINUE;
    }
    if (activeFaults.value() >= config.activeMax()) {
      faultsOverflow.inc();
      return FilterStatus.CONTINUE;
    }
    Optional<Delay> delay = config.delay();
    if (delay.isPresent() && delay.get().share().includes(context.loop().random())) {
      begin();
      delaysInjected.inc();
      context.streamInfo().set(ResponseFlag.DELAY_INJECTED);
      context.loop().timers().start(timer, delay.get().nanos());
      return FilterStatus.PAUSE;
    }
    return abort() ? FilterStatus.PAUSE : FilterStatus.CONTINUE;
  }

  private boolean holds(Conditions conditions, HeaderBlock headers) {
    if (!conditions.upstreamCluster().isEmpty()) {
      RouteChoice choice = context.routeChoice();
      if (choice == null || !conditions.upstreamCluster().equals(choice.cluster())) {
        return false;
      }
    }
    if (!conditions.downstreamNodes().isEmpty()) {
      @Nullable String node = headers.get(SERVICE_NODE);
      if (node == null || !conditions.downstreamNodes().contains(node)) {
        return false;
      }
    }
    for (int i = 0; i < conditions.headers().size(); i++) {
      if (!conditions.headers().get(i).matches(headers, MatchTrace.NONE)) {
        return false;
      }
    }
    return true;
  }

  private void begin() {
    if (!active) {
      active = true;
      activeFaults.inc();
    }
  }

  private void onDelayOver() {
    if (!abort()) {
      context.continueDecoding();
    }
  }

  /** Answers the request when its turn for an abort has come. */
  private boolean abort() {
    Optional<Abort> abort = config.abort();
    if (abort.isEmpty() || !abort.get().share().includes(context.loop().random())) {
      return false;
    }
    begin();
    abortsInjected.inc();
    int grpcStatus = abort.get().grpcStatus();
    if (grpcStatus >= 0 && isGrpc(context.requestHeaders())) {
      context.sendLocalReply(
          new LocalReply(
              abort.get().httpStatus(),
              new byte[0],
              ResponseFlag.FAULT_INJECTED,
              DETAILS,
              response -> {
                response.set(HeaderName.CONTENT_TYPE, GRPC_TYPE);
                response.set(GRPC_STATUS, Integer.toString(grpcStatus));
                response.set(GRPC_MESSAGE, TEXT.getBytes(StandardCharsets.US_ASCII));
              }));
    } else {
      context.sendLocalReply(abort.get().httpStatus(), TEXT, ResponseFlag.FAULT_INJECTED, DETAILS);
    }
    return true;
  }

  private static boolean isGrpc(HeaderBlock request) {
    String type = request.get(HeaderName.CONTENT_TYPE);
    return type != null && (type.equals(GRPC_TYPE) || type.startsWith(GRPC_TYPE + "+"));
  }

  @Override
  public void onStreamEnd() {
    context.loop().timers().cancel(timer);
    if (active) {
      active = false;
      activeFaults.dec();
    }
    config = chainConfig;
  }
}
