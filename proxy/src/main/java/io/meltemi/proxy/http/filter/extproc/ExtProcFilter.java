package io.meltemi.proxy.http.filter.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.http.filter.extproc.Side.Awaited;
import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.upstream.GrpcClient;
import io.meltemi.proxy.upstream.GrpcStream;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Shows a request and its response to a service, and does as it says. */
final class ExtProcFilter implements HttpFilter {
  private static final String METHOD = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
  private static final byte[] NO_BODY = {};

  private final ExtProcConfig config;
  private final HttpFilterContext context;
  private final Side request = new Side(new RequestPath());
  private final Side response = new Side(new ResponsePath());
  private @Nullable GrpcStream<ProcessingResponse> stream;
  private @Nullable Modes modes;
  private boolean disabled;
  private boolean complete;
  private boolean responding;
  private boolean inHeaders;
  private boolean replied;

  ExtProcFilter(ExtProcConfig config, HttpFilterContext context) {
    this.config = config;
    this.context = context;
  }

  @Override
  public boolean changesBody() {
    return true;
  }

  private ExtProcRouteConfig route() {
    return context.routeConfig() instanceof ExtProcRouteConfig ofRoute
        ? ofRoute
        : ExtProcRouteConfig.NONE;
  }

  private Modes modes() {
    Modes known = modes;
    if (known == null) {
      ExtProcRouteConfig route = route();
      disabled = route.disabled() || context.isTunnel();
      known = route.modes().orElse(config.modes());
      modes = known;
    }
    return known;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    Modes wanted = modes();
    if (disabled || complete) {
      return FilterStatus.CONTINUE;
    }
    request.begin(wanted.request());
    inHeaders = true;
    FilterStatus status = request.onHeaders(headers, endStream);
    inHeaders = false;
    return replied ? FilterStatus.PAUSE : status;
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    return request.onData(data, endStream);
  }

  @Override
  public FilterStatus decodeTrailers(HeaderBlock trailers) {
    return request.onTrailers(trailers);
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    Modes wanted = modes();
    if (disabled || complete || replied) {
      return FilterStatus.CONTINUE;
    }
    responding = true;
    response.begin(wanted.response());
    inHeaders = true;
    FilterStatus status = response.onHeaders(headers, endStream);
    inHeaders = false;
    return replied ? FilterStatus.PAUSE : status;
  }

  @Override
  public FilterStatus encodeData(ByteBuf data, boolean endStream) {
    return response.onData(data, endStream);
  }

  @Override
  public FilterStatus encodeTrailers(HeaderBlock trailers) {
    return response.onTrailers(trailers);
  }

  private void count(String name, int times) {
    if (times > 0) {
      context.stats().counter(config.statPrefix() + name).add(times);
    }
  }

  // ---- to the service

  private void show(ProcessingRequest.Builder message) {
    GrpcStream<ProcessingResponse> open = stream;
    if (open == null) {
      count("streams_started", 1);
      Modes shown = modes();
      message
          .getProtocolConfigBuilder()
          .setRequestBodyMode(shown.request().body().proto())
          .setResponseBodyMode(shown.response().body().proto());
      GrpcClient.Target target = route().target().orElse(config.target());
      open =
          config
              .client()
              .open(
                  context.loop(),
                  target,
                  METHOD,
                  ProcessingResponse.parser(),
                  new GrpcStream.Listener<ProcessingResponse>() {
                    @Override
                    public void onMessage(ProcessingResponse answer) {
                      ExtProcFilter.this.onMessage(answer);
                    }

                    @Override
                    public void onClosed(int status) {
                      ExtProcFilter.this.onClosed(status);
                    }
                  });
      if (open.isOver()) {
        return;
      }
      stream = open;
    }
    count("stream_msgs_sent", 1);
    open.send(message.build());
  }

  // ---- from the service

  private void onMessage(ProcessingResponse answer) {
    if (complete) {
      return;
    }
    switch (answer.getResponseCase()) {
      case REQUEST_HEADERS -> onHeaders(request, answer.getRequestHeaders(), answer);
      case RESPONSE_HEADERS -> onHeaders(response, answer.getResponseHeaders(), answer);
      case REQUEST_BODY -> onBody(request, answer.getRequestBody());
      case RESPONSE_BODY -> onBody(response, answer.getResponseBody());
      case REQUEST_TRAILERS -> onTrailers(request, answer.getRequestTrailers());
      case RESPONSE_TRAILERS -> onTrailers(response, answer.getResponseTrailers());
      case IMMEDIATE_RESPONSE -> {
        if (config.answers().takesReplies()) {
          reply(answer.getImmediateResponse());
        } else {
          spurious("unhandled_immediate_response_due_to_config_disabled_it");
        }
      }
      case RESPONSE_NOT_SET -> spurious("unhandled_message");
    }
  }

  private boolean isAwaited(Side side, Awaited part) {
    if (side.awaited() != part) {
      spurious("spurious_message");
      return false;
    }
    count("stream_msgs_received", 1);
    return true;
  }

  /** Whether the answer only changes what was shown, and the changes are made. */
  private boolean isMade(CommonResponse common, HeaderBlock headers) {
    if (common.getStatus() != CommonResponse.ResponseStatus.CONTINUE) {
      refuse("continue_and_replace_is_not_supported");
      return false;
    }
    return isMade(common.getHeaderMutation(), headers);
  }

  private boolean isMade(HeaderMutation mutation, HeaderBlock headers) {
    if (!Mutations.isValid(mutation)) {
      count("rejected_header_mutations", 1);
      refuse("header_mutation_set_contains_invalid_character");
      return false;
    }
    count("rejected_header_mutations", Mutations.apply(mutation, headers, false));
    return true;
  }

  private void onHeaders(Side side, HeadersResponse told, ProcessingResponse answer) {
    CommonResponse common = told.getResponse();
    HeaderBlock headers = side.headers();
    if (headers == null) {
      spurious("spurious_message");
      return;
    }
    if (!isAwaited(side, Awaited.HEADERS) || !isMade(common, headers)) {
      return;
    }
    if (answer.hasModeOverride() && config.answers().overridesModes()) {
      Modes changed = Modes.of(answer.getModeOverride());
      modes = changed;
      side.begin(side == request ? changed.request() : changed.response());
    }
    if (side == request && common.getClearRouteCache()) {
      if (config.answers().clearsRoute()) {
        context.clearRoute();
      } else {
        count("clear_route_cache_disabled", 1);
      }
    }
    side.answered();
    side.pump();
  }

  private void onBody(Side side, BodyResponse told) {
    CommonResponse common = told.getResponse();
    if (!isAwaited(side, Awaited.BODY)) {
      return;
    }
    HeaderBlock headers = side.headers();
    if (headers != null && side.modes().body() == Modes.Body.BUFFERED && !isMade(common, headers)) {
      return;
    }
    if (!side.fits(common.getBodyMutation())) {
      refuse("mismatch_between_content_length_and_the_length_of_the_mutated_body");
      return;
    }
    side.answered();
    side.onBody(common.getBodyMutation());
    side.pump();
  }

  private void onTrailers(Side side, TrailersResponse told) {
    HeaderBlock trailers = side.trailers();
    if (trailers == null) {
      spurious("spurious_message");
      return;
    }
    if (!isAwaited(side, Awaited.TRAILERS) || !isMade(told.getHeaderMutation(), trailers)) {
      return;
    }
    side.answered();
    side.pump();
  }

  /** The service says what it was not asked. */
  private void spurious(String details) {
    count("spurious_msgs_received", 1);
    refuse(details);
  }

  /** The service says what cannot be done: it is asked no more. */
  private void refuse(String details) {
    closeStream();
    failed(500, details);
  }

  private void finish() {
    complete = true;
    request.finish();
    if (responding) {
      response.finish();
    }
  }

  private void closeStream() {
    GrpcStream<ProcessingResponse> open = stream;
    if (open != null) {
      stream = null;
      open.close();
      count("streams_closed", 1);
    }
  }

  private void reply(ImmediateResponse told) {
    count("stream_msgs_received", 1);
    closeStream();
    int code = told.getStatus().getCodeValue();
    end(
        new LocalReply(
            code == 0 ? 200 : code,
            told.getBody().toByteArray(),
            null,
            told.getDetails().replace(' ', '_'),
            headers -> {
              if (told.hasGrpcStatus()) {
                headers.set(
                    GrpcHeaders.GRPC_STATUS,
                    Integer.toUnsignedString(told.getGrpcStatus().getStatus()));
              }
              count("rejected_header_mutations", Mutations.apply(told.getHeaders(), headers, true));
            }));
  }

  private void end(LocalReply reply) {
    count("immediate_responses_sent", 1);
    tell(reply);
  }

  private void tell(LocalReply reply) {
    complete = true;
    replied = true;
    request.stop();
    response.stop();
    if (responding) {
      context.replaceResponse(reply);
    } else {
      context.sendLocalReply(reply);
    }
  }

  private void onClosed(int status) {
    stream = null;
    if (complete) {
      return;
    }
    if (status == 0) {
      count("streams_closed", 1);
      finish();
      return;
    }
    count("streams_failed", 1);
    failed(500, "ext_proc_error_gRPC_error_" + status);
  }

  private void failed(int status, String details) {
    if (config.answers().failurePasses()) {
      count("failure_mode_allowed", 1);
      finish();
    } else {
      end(new LocalReply(status, NO_BODY, null, details, _ -> {}));
    }
  }

  private void onTimeout() {
    count("message_timeouts", 1);
    closeStream();
    failed(504, "ext_proc_error_per-message_timeout_exceeded");
  }

  @Override
  public void onStreamEnd() {
    closeStream();
    request.clear();
    response.clear();
    modes = null;
    disabled = false;
    complete = false;
    responding = false;
    replied = false;
  }

  /**
   * A filter before this one that holds a body of which this one has a part: none of it is lost.
   */
  private void passed(boolean taken) {
    if (!taken) {
      context.resetStream(null, "ext_proc_body_held");
    }
  }

  // ---- the two ways

  /** What both have in common. */
  private abstract class AnyPath implements Side.Path {
    @Override
    public void timedOut() {
      onTimeout();
    }

    @Override
    public int bytesMax() {
      return context.bufferBytesMax();
    }

    @Override
    public void start(LoopTimer timer) {
      context.loop().timers().start(timer, config.timeoutNanos());
    }

    @Override
    public void cancel(LoopTimer timer) {
      context.loop().timers().cancel(timer);
    }
  }

  /** Towards the host. */
  private final class RequestPath extends AnyPath {
    @Override
    public void show(Awaited part, @Nullable HeaderBlock block, ByteString bytes, boolean end) {
      ExtProcFilter.this.show(Shown.ofRequest(part, block, bytes, end));
    }

    @Override
    public void release() {
      if (!inHeaders) {
        context.continueDecoding();
      }
    }

    @Override
    public void inject(ByteBuf data, boolean end) {
      passed(context.injectRequestData(data, end));
    }

    @Override
    public void injectTrailers(HeaderBlock changed) {
      passed(context.injectRequestTrailers());
    }

    @Override
    public HeaderBlock keep(HeaderBlock trailers) {
      return trailers;
    }

    @Override
    public void setReading(boolean reading) {
      context.setRequestReading(reading);
    }

    @Override
    public void tooLarge() {
      tell(
          new LocalReply(
              413,
              "Payload Too Large".getBytes(StandardCharsets.US_ASCII),
              null,
              "request_payload_too_large",
              _ -> {}));
    }
  }

  /** Towards the client. */
  private final class ResponsePath extends AnyPath {
    @Override
    public void show(Awaited part, @Nullable HeaderBlock block, ByteString bytes, boolean end) {
      ExtProcFilter.this.show(Shown.ofResponse(part, block, bytes, end));
    }

    @Override
    public void release() {
      if (!inHeaders) {
        context.continueEncoding();
      }
    }

    @Override
    public void inject(ByteBuf data, boolean end) {
      passed(context.injectResponseData(data, end));
    }

    @Override
    public void injectTrailers(HeaderBlock changed) {
      passed(context.injectResponseTrailers(changed));
    }

    @Override
    public HeaderBlock keep(HeaderBlock trailers) {
      HeaderBlock own = new HeaderBlock();
      own.copyFrom(trailers);
      return own;
    }

    @Override
    public void setReading(boolean reading) {
      context.setResponseReading(reading);
    }

    @Override
    public void tooLarge() {
      tell(
          new LocalReply(
              500,
              "Internal Server Error".getBytes(StandardCharsets.US_ASCII),
              null,
              "response_payload_too_large",
              _ -> {}));
    }
  }
}
