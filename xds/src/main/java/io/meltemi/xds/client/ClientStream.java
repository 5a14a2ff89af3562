package io.meltemi.xds.client;

/** One stream in one variant of the protocol; used on the loop only. */
interface ClientStream {
  /** Sends what changed in the subscription of a type. */
  void request(WatchedType watched);

  /** Accepts (no error) or rejects a response. */
  void answer(WatchedType watched, String nonce, String error);

  /** Asks gRPC for one more response. */
  void next();

  /** True when gRPC takes another message without queueing it. */
  boolean isReady();

  void cancel();

  /** What a stream tells; called by gRPC threads. */
  interface Events {
    void onResponse(Response response);

    void onReady();

    void onEnd(String reason);
  }
}
