-- Some thousand rows, the same every time. The dates count back from a fixed day for the same reason.

SET ROLE shop;
SELECT setseed(0.42);

-- Names and places are generic; the e-mail is made of name and number, so it is unique.
INSERT INTO customers (full_name, email, phone, card_number, birth_date, address, credit_limit, newsletter, note, created_at)
SELECT first || ' ' || last,
       lower(first || '.' || last || n || '@' || (ARRAY['example.com', 'example.org', 'example.net'])[1 + n % 3]),
       '+49 30 ' || lpad((random() * 9999999)::int::text, 7, '0'),
       '4' || lpad((random() * 999999999999999)::bigint::text, 15, '0'),
       date '1945-01-01' + (random() * 22000)::int,
       jsonb_build_object('street', street || ' ' || (1 + n % 120), 'city', city,
                          'zip', lpad((10000 + n * 7 % 89999)::text, 5, '0')),
       CASE WHEN n % 10 = 0 THEN NULL ELSE round((random() * 5000)::numeric, 2) END,
       random() < 0.3,
       -- Every fourth customer has a long note: about 4 kB that do not compress.
       CASE WHEN n % 4 = 0 THEN (SELECT string_agg(md5(n::text || '/' || part), ' ') FROM generate_series(1, 120) part) END,
       timestamptz '2025-01-01 00:00:00+00' - random() * interval '900 days'
FROM generate_series(1, 2000) n
CROSS JOIN LATERAL (SELECT
    (ARRAY['Ada', 'Grace', 'Edsger', 'Barbara', 'Alan', 'Frances', 'Tony', 'Radia', 'Donald', 'Margaret',
           'Dennis', 'Hedy', 'Niklaus', 'Sophie', 'Leslie', 'Jean'])[1 + n % 16] AS first,
    (ARRAY['Moreau', 'Kowalski', 'Nguyen', 'Okafor', 'Schmidt', 'Rossi', 'Haddad', 'Ivanova', 'Tanaka', 'Silva',
           'Novak', 'Larsen', 'Costa'])[1 + n % 13] AS last,
    (ARRAY['Elm Street', 'Hauptstrasse', 'Rue de la Paix', 'Via Roma', 'Storgata'])[1 + n % 5] AS street,
    (ARRAY['Berlin', 'Lyon', 'Torino', 'Oslo', 'Porto', 'Gdansk', 'Graz'])[1 + n % 7] AS city) AS words;

INSERT INTO products (sku, title, price, tags, weight, active)
SELECT 'SKU-' || lpad(n::text, 5, '0'),
       (ARRAY['Blue', 'Quiet', 'Folding', 'Wool', 'Cast-iron'])[1 + n % 5] || ' '
           || (ARRAY['lamp', 'kettle', 'chair', 'blanket', 'pan', 'clock', 'shelf'])[1 + n % 7],
       round((1 + random() * 300)::numeric, 2),
       CASE WHEN n % 9 = 0 THEN '{}' ELSE ARRAY['home', 'a "quoted, tag"', 'batch-' || n % 12] END,
       CASE WHEN n % 11 = 0 THEN NULL ELSE random() * 20 END,
       n % 25 <> 0
FROM generate_series(1, 300) n;

INSERT INTO orders (customer_id, status, contact_email, placed_at)
SELECT c.id,
       (enum_range(NULL::order_status))[1 + n % 5],
       c.email,
       c.created_at + random() * interval '300 days'
FROM generate_series(1, 3000) n
JOIN customers c ON c.id = 1 + (n * 7919) % 2000
ORDER BY n;

INSERT INTO order_items (order_id, line_no, product_id, quantity, unit_price)
SELECT o.id, line, p.id, 1 + (o.id + line) % 4, p.price
FROM orders o
CROSS JOIN LATERAL generate_series(1, 1 + (o.id % 4)::int) line
JOIN products p ON p.id = 1 + (o.id * 31 + line * 17) % 300;

ANALYZE customers, products, orders, order_items;
