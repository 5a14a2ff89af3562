package io.meltemi.proxy.http;

import io.meltemi.proxy.codec.BodyDecoder;
import io.meltemi.proxy.codec.HeadLimits;
import io.meltemi.proxy.codec.HeadParser;
import io.meltemi.proxy.codec.NameFormat;

/** What a stream needs only when it comes by HTTP/1: kept with it and used again. */
final class Http1Exchange {
  final HeadParser parser;
  final BodyDecoder body = new BodyDecoder();

  Http1Exchange(HeadLimits limits, NameFormat names) {
    parser = new HeadParser(limits, names);
  }
}
