package io.meltemi.proxy.http.filter.customresponse;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.matcher.MatchTree;
import io.meltemi.proxy.route.HeaderMutations;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** Looks at the head of each response, and replaces those for which there is a policy. */
final class CustomResponseFilter implements HttpFilter {
  /** A response as the questions see it. */
  record Response(HeaderBlock headers, int status, boolean local) {}

  /**
   * An answer.
   *
   * @param status empty for that of the response
   * @param body empty for none
   * @param contentType empty for {@code text/plain}
   */
  record Policy(
      Optional<Integer> status,
      Optional<Formatter> body,
      String contentType,
      HeaderMutations headers) {}

  /** Of a chain or of a route. */
  record Policies(MatchTree<Response, Policy> tree) implements HttpFilterConfig, RouteFilterConfig {
    @Override
    public HttpFilter newFilter(HttpFilterContext context) {
      return new CustomResponseFilter(this, context);
    }
  }

  private final Policies ofChain;
  private final HttpFilterContext context;
  private final FormatOutput scratch = new FormatOutput();

  private CustomResponseFilter(Policies ofChain, HttpFilterContext context) {
    this.ofChain = ofChain;
    this.context = context;
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    Policies here = context.routeConfig() instanceof Policies ofRoute ? ofRoute : ofChain;
    String text = headers.get(HeaderName.STATUS);
    int status = text == null ? 0 : Integer.parseInt(text);
    Policy policy =
        here.tree().match(new Response(headers, status, context.isLocalReply()), MatchTrace.NONE);
    if (policy == null) {
      return FilterStatus.CONTINUE;
    }
    StreamInfo info = context.streamInfo();
    info.responseCode = status;
    byte[] body = {};
    if (policy.body().isPresent()) {
      scratch.clear();
      policy.body().get().format(info, scratch);
      body = Arrays.copyOf(scratch.array(), scratch.length());
    }
    context.replaceResponse(
        new LocalReply(
            policy.status().orElse(status), body, null, "", reply -> finish(policy, reply)));
    return FilterStatus.PAUSE;
  }

  private void finish(Policy policy, HeaderBlock reply) {
    if (!policy.contentType().isEmpty()) {
      reply.set(HeaderName.CONTENT_TYPE, policy.contentType().getBytes(StandardCharsets.UTF_8));
    }
    policy.headers().apply(reply, context.streamInfo(), scratch);
  }
}
