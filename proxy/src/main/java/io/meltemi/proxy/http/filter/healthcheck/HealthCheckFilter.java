package io.meltemi.proxy.http.filter.healthcheck;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Answers health checks itself, or lets them pass while this proxy is well. */
final class HealthCheckFilter implements HttpFilter {
  private static final HeaderName CHECKED = HeaderName.of("x-envoy-upstream-healthchecked-cluster");
  private static final HeaderName FAIL = HeaderName.of("x-envoy-immediate-health-check-fail");

  /**
   * @param headers what a request must have to be a health check; none means every request
   * @param passes whether checks reach the upstream while this proxy is well
   * @param failing whether this proxy was told to fail health checks
   * @param localCluster of this proxy's node
   */
  record Config(
      List<HeaderMatcher> headers, boolean passes, BooleanSupplier failing, String localCluster)
      implements HttpFilterConfig {
    Config {
      headers = List.copyOf(headers);
    }

    @Override
    public HttpFilter newFilter(HttpFilterContext context) {
      return new HealthCheckFilter(this, context);
    }
  }

  private final Config config;
  private final HttpFilterContext context;
  private boolean check;
  private boolean handling;

  private HealthCheckFilter(Config config, HttpFilterContext context) {
    this.config = config;
    this.context = context;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    check = isCheck(headers);
    if (!check) {
      return FilterStatus.CONTINUE;
    }
    context.streamInfo().healthCheck = true;
    handling = !config.passes() || config.failing().getAsBoolean();
    if (!handling) {
      return FilterStatus.CONTINUE;
    }
    if (endStream) {
      answer();
    }
    return FilterStatus.BUFFER;
  }

  private boolean isCheck(HeaderBlock headers) {
    for (int i = 0; i < config.headers().size(); i++) {
      if (!config.headers().get(i).matches(headers, MatchTrace.NONE)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    if (handling && endStream) {
      answer();
    }
    return handling ? FilterStatus.BUFFER : FilterStatus.CONTINUE;
  }

  @Override
  public FilterStatus decodeTrailers(HeaderBlock trailers) {
    if (handling) {
      answer();
    }
    return handling ? FilterStatus.BUFFER : FilterStatus.CONTINUE;
  }

  private void answer() {
    boolean failing = config.failing().getAsBoolean();
    context.sendLocalReply(
        failing ? 503 : 200,
        "",
        failing ? ResponseFlag.FAILED_LOCAL_HEALTH_CHECK : null,
        failing ? "health_check_failed" : "health_check_ok");
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    if (check) {
      headers.set(CHECKED, config.localCluster());
    } else if (config.failing().getAsBoolean()) {
      headers.set(FAIL, config.localCluster());
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public void onStreamEnd() {
    check = false;
    handling = false;
  }
}
