package io.meltemi.bench.controlplane;

/**
 * What a phase cost.
 *
 * @param cpuSeconds of the control plane's process, user and system
 * @param lastMillis until the last stream had everything, the debounce of a change taken off
 * @param megabytes of resources pushed
 * @param heldMegabytes those of them that the stream had byte for byte; negative: not known
 * @param peakMegabytes highest resident memory
 */
record Cost(
    double cpuSeconds,
    double lastMillis,
    double megabytes,
    double heldMegabytes,
    double peakMegabytes) {}
