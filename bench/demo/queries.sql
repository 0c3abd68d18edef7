/* The demo's queries: a title, then the statement on one line, PICKUP and TRIPS to be replaced. */

Trips and takings by week
SELECT time_bucket('1 week', PICKUP)::date AS week, count(*) AS trips, round(sum(total_amount)::numeric, 2) AS takings FROM TRIPS GROUP BY 1 ORDER BY 1 DESC

Busiest pickup zones, and how far people ride from there
SELECT pulocationid AS zone, count(*) AS trips, round(avg(trip_distance)::numeric, 2) AS miles FROM TRIPS WHERE trip_distance < 100 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10

Fares by hour of the day: middle and 95th percentile
SELECT extract(hour FROM PICKUP)::int AS hour, round(percentile(fare_amount, 0.5)::numeric, 2) AS middle, round(percentile(fare_amount, 0.95)::numeric, 2) AS p95 FROM TRIPS WHERE fare_amount > 0 GROUP BY 1 ORDER BY 1

One zone, one month, day by day
SELECT time_bucket('1 day', PICKUP)::date AS day, count(*) AS trips, max(total_amount) AS dearest FROM TRIPS WHERE pulocationid = 74 AND PICKUP >= '2024-03-01' AND PICKUP < '2024-04-01' GROUP BY 1 ORDER BY 1

Tips by way of paying
SELECT payment_type, count(*) AS trips, round(avg(tip_amount)::numeric, 3) AS tip FROM TRIPS GROUP BY 1 ORDER BY 2 DESC, 1

The last trip from each zone
SELECT pulocationid AS zone, max(PICKUP) AS last_trip FROM TRIPS GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10

How many values are there
SELECT count(*) AS trips, count(passenger_count) AS with_passengers, min(PICKUP) AS first, max(PICKUP) AS last FROM TRIPS
