/**
 * What is made for a Gateway of the Gateway API that names no workload of its own: service account,
 * deployment, service, and what its parameters add. Pure functions of a snapshot; any thread.
 *
 * @see <a
 *     href="https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#automated-deployment">Automated
 *     deployment</a>
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.deployment;
