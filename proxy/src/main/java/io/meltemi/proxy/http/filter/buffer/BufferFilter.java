package io.meltemi.proxy.http.filter.buffer;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.netty.buffer.ByteBuf;

/** Holds a request until its end, and then knows its length. */
final class BufferFilter implements HttpFilter {
  /**
   * Of a chain or of a route.
   *
   * @param bytesMax a longer request is answered 413; 0 to hold nothing
   */
  record Limit(int bytesMax) implements HttpFilterConfig, RouteFilterConfig {
    static final Limit NONE = new Limit(0);

    @Override
    public HttpFilter newFilter(HttpFilterContext context) {
      return new BufferFilter(this, context);
    }
  }

  private final Limit limit;
  private final HttpFilterContext context;
  private boolean holding;
  private long length;

  private BufferFilter(Limit limit, HttpFilterContext context) {
    this.limit = limit;
    this.context = context;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    Limit here = context.routeConfig() instanceof Limit ofRoute ? ofRoute : limit;
    if (endStream || here.bytesMax() == 0) {
      return FilterStatus.CONTINUE;
    }
    holding = true;
    length = 0;
    context.setRequestBufferBytesMax(here.bytesMax());
    return FilterStatus.BUFFER;
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    if (!holding) {
      return FilterStatus.CONTINUE;
    }
    length += data.readableBytes();
    return endStream ? goOn() : FilterStatus.BUFFER;
  }

  @Override
  public FilterStatus decodeTrailers(HeaderBlock trailers) {
    return holding ? goOn() : FilterStatus.CONTINUE;
  }

  private FilterStatus goOn() {
    holding = false;
    HeaderBlock headers = context.requestHeaders();
    if (!headers.contains(HeaderName.CONTENT_LENGTH)) {
      headers.remove(HeaderName.TRANSFER_ENCODING);
      headers.addNumber(HeaderName.CONTENT_LENGTH, length);
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public void onStreamEnd() {
    holding = false;
  }
}
