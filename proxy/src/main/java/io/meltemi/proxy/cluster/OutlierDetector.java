package io.meltemi.proxy.cluster;

/**
 * Learns how hosts answer and takes the bad ones out for a while. Called on event loops for every
 * response, so implementations only touch atomics there.
 */
public interface OutlierDetector {
  /** For clusters that have none. */
  OutlierDetector NONE =
      new OutlierDetector() {
        @Override
        public void onResponse(Host host, int status) {}

        @Override
        public void onLocalFailure(Host host) {}

        @Override
        public void onConnected(Host host) {}

        @Override
        public void onConnectedOnly(Host host) {}
      };

  /** A response status came from the host. */
  void onResponse(Host host, int status);

  /** No response: connect failure, connect timeout, reset or response timeout. */
  void onLocalFailure(Host host);

  /** A connection was made; requests over it will tell more. */
  void onConnected(Host host);

  /** A connection was made, and there will be no other sign of success. */
  void onConnectedOnly(Host host);
}
