package io.meltemi.controlplane.translate.listener;

/** What a listener is for, which decides how far its clients are trusted. */
enum ListenerClass {
  SIDECAR_OUTBOUND,
  SIDECAR_INBOUND,
  GATEWAY,
  /** Of a waypoint, for a service behind it. */
  WAYPOINT
}
