package io.meltemi.proxy.http.filter.bandwidthlimit;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.netty.buffer.ByteBuf;

/** Takes bodies in and lets them go on piece by piece, as the bucket has bytes. */
final class BandwidthLimitFilter implements HttpFilter {
  private final BandwidthLimit ofChain;
  private final HttpFilterContext context;
  private final HeaderBlock trailers = new HeaderBlock();

  /** Whether {@link #trailers} end the response. */
  private boolean trailersKept;

  private final Throttle request;
  private final Throttle response;

  BandwidthLimitFilter(BandwidthLimit ofChain, HttpFilterContext context) {
    this.ofChain = ofChain;
    this.context = context;
    this.request =
        new Throttle(
            context,
            new Throttle.Target() {
              @Override
              public boolean data(ByteBuf data, boolean endStream) {
                return context.injectRequestData(data, endStream);
              }

              @Override
              public boolean trailers() {
                return context.injectRequestTrailers();
              }

              @Override
              public void reading(boolean reading) {
                context.setRequestReading(reading);
              }
            });
    this.response =
        new Throttle(
            context,
            new Throttle.Target() {
              @Override
              public boolean data(ByteBuf data, boolean endStream) {
                return context.injectResponseData(data, endStream);
              }

              @Override
              public boolean trailers() {
                addDelays();
                return context.injectResponseTrailers(trailers);
              }

              @Override
              public void reading(boolean reading) {
                context.setResponseReading(reading);
              }
            });
  }

  @Override
  public boolean changesBody() {
    return true;
  }

  private BandwidthLimit limit() {
    return context.routeConfig() instanceof BandwidthLimit ofRoute ? ofRoute : ofChain;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    BandwidthLimit limit = limit();
    request.begin(limit, limit.request());
    return FilterStatus.CONTINUE;
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    return request.take(data, endStream, false);
  }

  @Override
  public FilterStatus decodeTrailers(HeaderBlock requestTrailers) {
    return request.isBegun() && request.takeTrailers() ? FilterStatus.TAKEN : FilterStatus.CONTINUE;
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    BandwidthLimit limit = limit();
    response.begin(limit, limit.response());
    return FilterStatus.CONTINUE;
  }

  @Override
  public FilterStatus encodeData(ByteBuf data, boolean endStream) {
    boolean withTrailers = endStream && response.isBegun() && response.limit().trailers().enabled();
    trailersKept |= withTrailers;
    return response.take(data, endStream, withTrailers);
  }

  @Override
  public FilterStatus encodeTrailers(HeaderBlock responseTrailers) {
    if (!response.isBegun()) {
      return FilterStatus.CONTINUE;
    }
    trailers.copyFrom(responseTrailers);
    trailersKept = response.limit().trailers().enabled();
    if (response.takeTrailers()) {
      return FilterStatus.TAKEN;
    }
    addDelays();
    responseTrailers.copyFrom(trailers);
    return FilterStatus.CONTINUE;
  }

  private void addDelays() {
    if (!trailersKept) {
      return;
    }
    BandwidthLimit.Trailers names = response.limit().trailers();
    add(names.request(), request.transferMs());
    add(names.requestFilter(), request.delayMs());
    add(names.response(), response.transferMs());
    add(names.responseFilter(), response.delayMs());
  }

  private void add(HeaderName name, long millis) {
    if (millis > 0) {
      trailers.setNumber(name, millis);
    }
  }

  @Override
  public void onStreamEnd() {
    request.end();
    response.end();
    trailers.clear();
    trailersKept = false;
  }
}
